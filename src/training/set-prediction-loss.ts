import { oneHot } from '../tensors/one-hot';
import { expectShape, expectTensor } from '../tensors/shape';
import { tf } from '../tensors/tf';
import { hungarian } from './hungarian';

/** What a detector says: N guesses per image, each with a class, the last of which is "no object". */
export type Detections = {
  /** [batch, N, classes + 1]. */
  logits: tf.Tensor;
  /** [batch, N, 4]: centre x, centre y, width, height, as parts of the image, 0 … 1. */
  boxes: tf.Tensor;
};

/** What there is in one image. */
export type Objects = { classes: number[]; boxes: number[][] };

export type SetPredictionOptions = {
  /** The weights λ of both distances between boxes, in the loss and in the matching. */
  l1?: number;
  giou?: number;
  /** The weight > 0 of "no object" in the cross-entropy: most guesses find nothing. */
  noObject?: number;
  /** Pairs [guess, object] from the costs [guess][object]; `hungarian` if left out. */
  pair?: (costs: number[][]) => [guess: number, object: number][];
};

/**
 * The loss of a set of guesses against a set of objects, in whatever order both stand.
 *
 *     σ = the pairing with the least Σ_i −p_σ(i)(c_i) + λ_L1 ‖b_i − b_σ(i)‖₁ − λ_iou GIoU(b_i, b_σ(i))
 *     loss = class + λ_L1 · l1 + λ_iou · giou
 *
 * with class the mean of −log p of the paired object's class, or of "no object" (weighted by
 * `noObject`); l1 = Σ ‖b_i − b_σ(i)‖₁ / n and giou = Σ (1 − GIoU(b_i, b_σ(i))) / n over the n objects
 * of the batch. The pairing is found by `hungarian` and carries no gradient.
 *
 * Source: Carion et al. (2020), eq. (1)–(2), Section 3.1 and Appendix A.2.
 *
 * @param objects of each image: classes 0 … classes − 1, boxes with width and height > 0
 * @returns loss and its three parts, scalars; pairs [guess, object] of each image
 * @throws if a shape does not fit, a class is not there, or a box is empty
 */
export function setPredictionLoss(
  { logits, boxes }: Detections,
  objects: readonly Objects[],
  { l1 = 5, giou = 2, noObject = 0.1, pair = hungarian }: SetPredictionOptions = {},
): Record<'loss' | 'class' | 'l1' | 'giou', tf.Scalar> & { pairs: [number, number][][] } {
  const [batch, N, outputs] = expectShape('logits', logits, ['batch', 'N', 'classes + 1']);
  expectShape('boxes', boxes, [batch, N, 4]);
  if (objects.length !== batch)
    throw new Error(`${batch} images ≠ ${objects.length} lists of objects`);
  for (const object of objects) expectObjects(object, outputs - 1);

  return tf.tidy(() => {
    const costs = matchingCosts({ logits, boxes }, objects, { l1, giou });
    const pairs = costs.map((table) => (table[0]?.length ? pair(table) : []));
    // The objects, written into the rows of the guesses that are paired with them.
    const wanted = new Int32Array(batch * N).fill(outputs - 1);
    const paired = new Float32Array(batch * N);
    const wantedBoxes = new Float32Array(4 * batch * N).fill(1); // not empty
    pairs.forEach((list, image) => {
      for (const [guess, object] of list) {
        const at = image * N + guess;
        paired[at] = 1;
        wanted[at] = objects[image].classes[object];
        wantedBoxes.set(objects[image].boxes[object], 4 * at);
      }
    });

    const chosen = oneHot(tf.tensor1d(wanted, 'int32'), outputs);
    const logP = tf.sum(tf.mul(tf.logSoftmax(logits.reshape([batch * N, outputs])), chosen), -1);
    const weight = tf.tensor1d(Array.from(wanted, (c) => (c === outputs - 1 ? noObject : 1)));
    const crossEntropy = tf.neg(tf.div(tf.sum(tf.mul(logP, weight)), tf.sum(weight)));

    const [guessed, target] = [
      boxes.reshape([batch * N, 4]),
      tf.tensor2d(wantedBoxes, [batch * N, 4]),
    ];
    const count = Math.max(
      1,
      objects.reduce((sum, { classes }) => sum + classes.length, 0),
    );
    const perObject = (x: tf.Tensor) => tf.div(tf.sum(tf.mul(x, tf.tensor1d(paired))), count);
    const distance = perObject(tf.sum(tf.abs(tf.sub(guessed, target)), -1));
    const overlap = perObject(tf.sub(1, generalisedIou(guessed, target)));
    const loss = tf.addN([crossEntropy, tf.mul(distance, l1), tf.mul(overlap, giou)]);
    return { loss, class: crossEntropy, l1: distance, giou: overlap, pairs } as ReturnType<
      typeof setPredictionLoss
    >;
  });
}

/**
 * Generalised intersection over union of boxes a and b, pair by pair.
 *
 *     GIoU = |a ∩ b| / |a ∪ b| − (|C| − |a ∪ b|) / |C|      C = the smallest box around both
 *
 * 1 for equal boxes, 0 … −1 for boxes apart, where it still has a gradient and plain IoU has none.
 * Source: Rezatofighi et al. (2019).
 *
 * @param a [..., 4]: centre x, centre y, width, height
 * @param b shape of `a`; not both empty
 * @returns [...], −1 … 1
 */
export function generalisedIou(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  expectTensor('a', a);
  expectShape('b', b, a.shape);
  return tf.tidy(() => {
    const parts = (box: tf.Tensor) => {
      const [centre, size] = tf.split(box, 2, -1);
      const half = tf.div(size, 2);
      return { low: tf.sub(centre, half), high: tf.add(centre, half) };
    };
    const area = (low: tf.Tensor, high: tf.Tensor) => {
      const [width, height] = tf.split(tf.relu(tf.sub(high, low)), 2, -1);
      return tf.squeeze(tf.mul(width, height), [-1]);
    };
    const [p, q] = [parts(a), parts(b)];
    const both = area(tf.maximum(p.low, q.low), tf.minimum(p.high, q.high));
    const union = tf.sub(tf.add(area(p.low, p.high), area(q.low, q.high)), both);
    const around = area(tf.minimum(p.low, q.low), tf.maximum(p.high, q.high));
    return tf.sub(tf.div(both, union), tf.div(tf.sub(around, union), around));
  });
}

/**
 * What it costs to pair each guess with each object, image by image: [batch][N][objects].
 *
 *     −p_σ(i)(c_i) + λ_L1 ‖b_i − b_σ(i)‖₁ − λ_iou GIoU(b_i, b_σ(i))
 *
 * No gradient passes here, so it is done in plain arrays, for the whole batch at once. The probability
 * stands without a logarithm, as in the paper's matching. Source: Carion et al. (2020), Section 3.1.
 *
 * @throws if there are not as many images here as there
 */
export function matchingCosts(
  { logits, boxes }: Detections,
  objects: readonly Objects[],
  { l1 = 5, giou = 2 }: Pick<SetPredictionOptions, 'l1' | 'giou'> = {},
): number[][][] {
  const [batch, N] = expectShape('logits', logits, ['batch', 'N', 'classes + 1']);
  expectShape('boxes', boxes, [batch, N, 4]);
  if (objects.length !== batch)
    throw new Error(`${batch} images ≠ ${objects.length} lists of objects`);
  const p = tf.tidy(() => tf.softmax(logits).arraySync() as number[][][]);
  const guesses = boxes.arraySync() as number[][][];
  return objects.map(({ classes, boxes: wanted }, image) =>
    guesses[image].map((guess, i) =>
      wanted.map((box, j) => {
        const distance = guess.reduce((sum, x, k) => sum + Math.abs(x - box[k]), 0);
        return l1 * distance - p[image][i][classes[j]] - giou * generalisedIouOf(guess, box);
      }),
    ),
  );
}

/** `generalisedIou` of two boxes as plain numbers. */
function generalisedIouOf(a: readonly number[], b: readonly number[]): number {
  const overlap = (axis: 0 | 1) =>
    Math.min(a[axis] + a[axis + 2] / 2, b[axis] + b[axis + 2] / 2) -
    Math.max(a[axis] - a[axis + 2] / 2, b[axis] - b[axis + 2] / 2);
  const [across, down] = [overlap(0), overlap(1)];
  const both = Math.max(0, across) * Math.max(0, down);
  const union = a[2] * a[3] + b[2] * b[3] - both;
  // Where two boxes begin and end: together as long as both, less what they share.
  const around = (a[2] + b[2] - across) * (a[3] + b[3] - down);
  return both / union - (around - union) / around;
}

function expectObjects({ classes, boxes }: Objects, classCount: number): void {
  if (classes.length !== boxes.length)
    throw new Error(`${classes.length} classes ≠ ${boxes.length} boxes`);
  const wrong = classes.find((c) => !(Number.isInteger(c) && c >= 0 && c < classCount));
  if (wrong !== undefined) throw new Error(`expected classes 0…${classCount - 1}, got ${wrong}`);
  const empty = boxes.find((box) => !(box.length === 4 && box[2] > 0 && box[3] > 0));
  if (empty)
    throw new Error(`expected boxes [x, y, width > 0, height > 0], got [${empty.join(', ')}]`);
}
