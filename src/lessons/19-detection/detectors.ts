import { crowdSize, type DigitCrowd } from '../../data/digit-crowds';
import { type DetrParameters, detr, detrParameters, type objectDecoder } from '../../models/detr';
import { annotate, type EyeParameters, eyeParameters } from '../../models/eye';
import { dense } from '../../tensors/dense';
import { imagePositions } from '../../tensors/image-positions';
import { flatten, variables } from '../../tensors/parameters';
import { type Random, random, uniform } from '../../tensors/random';
import { tf } from '../../tensors/tf';
import { Adam } from '../../training/adam';
import { type Finds, intersectionOverUnion } from '../../training/average-precision';
import { cosineSchedule } from '../../training/schedule';
import { setPredictionLoss } from '../../training/set-prediction-loss';
import { type Report, train } from '../../training/train';
import { trainByCosine } from '../../training/train-by-cosine';

/** Numbers that the eye finds at each place; two more say where it is. */
const channels = 48;
/** Places in a row, of 6 × 6 pixels each. */
export const crowdPlaces = 6;
/** Ten digits; number 10 is "no object". */
const nothing = 10;

/** Crowds as pictures [crowds, 36, 36, 1]. */
export function crowdPictures(crowds: readonly DigitCrowd[]): tf.Tensor4D {
  const all = new Float32Array(crowds.length * crowdSize ** 2);
  crowds.forEach(({ pixels }, i) => {
    all.set(pixels, i * crowdSize ** 2);
  });
  return tf.tensor4d(all, [crowds.length, crowdSize, crowdSize, 1]);
}

/** A detector that answers at each place by itself. */
export type CellDetector = {
  eye: EyeParameters;
  /** Of each place: ten digits, "no object", and a box: W [50, 15] and its bias. */
  answer: { W: tf.Tensor; b: tf.Tensor };
};

/** A detector for each place that has learned nothing yet; its checkpoint is 'cell-detector'. */
export function cellDetector(seed = 1): CellDetector {
  const next = random(seed);
  return variables({
    eye: eyeParameters(channels, next),
    answer: { W: uniform([channels + 2, nothing + 5], next), b: tf.zeros([nothing + 5]) },
  });
}

/**
 * Which object each place has to answer for, −1 for none: the one whose box holds the middle of the
 * place, or whose middle lies in it. A place that has two takes the first.
 */
export function objectsOfPlaces({ boxes }: Pick<DigitCrowd, 'boxes'>): number[] {
  const step = 1 / crowdPlaces;
  return Array.from({ length: crowdPlaces ** 2 }, (_, place) => {
    const middle = [(place % crowdPlaces) + 0.5, Math.floor(place / crowdPlaces) + 0.5];
    return boxes.findIndex((box) => {
      const apart = [0, 1].map((axis) => Math.abs(box[axis] - step * middle[axis]));
      const within = (room: number[]) => apart.every((distance, axis) => distance <= room[axis]);
      return within([box[2] / 2, box[3] / 2]) || within([step / 2, step / 2]);
    });
  });
}

/** Logits [batch, places, 11] and boxes [batch, places, 4] of each place, from the eye's vectors. */
function answersOfPlaces(annotations: tf.Tensor, { answer }: CellDetector) {
  const all = dense(annotations, answer.W, answer.b);
  const [logits, shift, size] = tf.split(all, [nothing + 1, 2, 2], -1);
  const step = 1 / crowdPlaces;
  const middles = Array.from({ length: crowdPlaces ** 2 }, (_, place) => [
    step * ((place % crowdPlaces) + 0.5),
    step * (Math.floor(place / crowdPlaces) + 0.5),
  ]);
  const centre = tf.add(tf.mul(shift, step), tf.tensor2d(middles));
  return { logits, boxes: tf.concat([centre, tf.sigmoid(size)], -1) };
}

/**
 * Trains eye and answers of each place: a cross-entropy for what it has to answer for, and the L1
 * distance of its box where there is something.
 *
 * @returns the loss of each step
 */
export async function trainCellDetector(
  one: CellDetector,
  crowds: readonly DigitCrowd[],
  { steps = 1500, batch = 32, seed = 1, rate = 0.004 } = {},
  report?: Report,
): Promise<number[]> {
  const next = random(seed);
  const losses = await trainByCosine(
    flatten(one),
    { steps, rate },
    (adam) => {
      const some = Array.from({ length: batch }, () => crowds[Math.floor(next() * crowds.length)]);
      const rows = some.flatMap((crowd) =>
        objectsOfPlaces(crowd).map((at) => ({
          label: at < 0 ? nothing : crowd.classes[at],
          box: at < 0 ? [0.5, 0.5, 0.5, 0.5] : crowd.boxes[at],
          there: at < 0 ? 0 : 1,
        })),
      );
      const count = rows.reduce((sum, { there }) => sum + there, 0);
      return adam.minimize(() => {
        const { logits, boxes } = answersOfPlaces(annotate(crowdPictures(some), one.eye), one);
        const wanted = tf.oneHot(
          tf.tensor1d(
            rows.map(({ label }) => label),
            'int32',
          ),
          nothing + 1,
        );
        const told = tf.losses.softmaxCrossEntropy(wanted, logits.reshape([-1, nothing + 1]));
        const target = tf.tensor2d(rows.map(({ box }) => box));
        const there = tf.tensor2d(rows.map((row) => [row.there]));
        const distance = tf.abs(tf.sub(boxes.reshape([-1, 4]), target));
        return tf.add(told, tf.mul(tf.sum(tf.mul(distance, there)), 2 / count));
      });
    },
    report,
  );
  return losses;
}

/** Crowds as the eye sees them. */
export type SeenCrowds = {
  crowds: readonly DigitCrowd[];
  /** [crowds, 6, 6, 50] */
  features: tf.Tensor4D;
};

/** Lets an eye look at crowds, once: it learns no more. */
export function seeCrowds(crowds: readonly DigitCrowd[], eye: EyeParameters): SeenCrowds {
  const features = tf.tidy(() => {
    const parts: tf.Tensor[] = [];
    for (let at = 0; at < crowds.length; at += 250)
      parts.push(annotate(crowdPictures(crowds.slice(at, at + 250)), eye));
    return tf.concat(parts).reshape([crowds.length, crowdPlaces, crowdPlaces, -1]) as tf.Tensor4D;
  });
  return { crowds, features };
}

/** What the places answer, each by itself: all of them, the unsure ones with low scores. */
export function foundByPlaces(one: CellDetector, { features }: SeenCrowds): Finds[] {
  return tf.tidy(() => {
    const annotations = features.reshape([features.shape[0], crowdPlaces ** 2, -1]);
    const { logits, boxes } = answersOfPlaces(annotations, one);
    return asFound(logits, boxes);
  });
}

/**
 * Answers as finds: the likeliest digit of each, even where "no object" is likelier still, and its
 * probability as the score. So it is done in the paper.
 */
export function asFound(logits: tf.Tensor, boxes: tf.Tensor): Finds[] {
  const p = tf.tidy(() => tf.softmax(logits).arraySync() as number[][][]);
  const all = boxes.arraySync() as number[][][];
  return p.map((rows, image) => {
    const scores = rows.map((row) => Math.max(...row.slice(0, nothing)));
    return {
      boxes: all[image],
      classes: rows.map((row, i) => row.indexOf(scores[i])),
      scores,
    };
  });
}

/** Only the finds that are likelier than `least`. */
export function sureFinds({ boxes, classes, scores }: Finds, least = 0.5): Finds {
  const kept = scores.flatMap((score, i) => (score > least ? [i] : []));
  return {
    boxes: kept.map((i) => boxes[i]),
    classes: kept.map((i) => classes[i]),
    scores: kept.map((i) => scores[i]),
  };
}

/** How often each object is found on average: sure answers that overlap it by half, of any class. */
export function findsPerObject(found: readonly Finds[], crowds: readonly DigitCrowd[]): number {
  let [finds, objects] = [0, 0];
  crowds.forEach(({ boxes }, i) => {
    objects += boxes.length;
    for (const guess of sureFinds(found[i]).boxes)
      for (const box of boxes) if (intersectionOverUnion(guess, box) >= 0.5) finds++;
  });
  return finds / objects;
}

/** In what a detector of the lesson may differ from the paper's. */
export type DetectorOptions = {
  seed?: number;
  queries?: number;
  encoderLayers?: number;
  decoderLayers?: number;
  /**
   * Who has to answer for which object.
   *
   * - `hungarian`: the cheapest pairs, one query for each object
   * - `nearest`: each query answers for the object that is cheapest for it, whoever else does
   */
  pairing?: 'hungarian' | 'nearest';
  /** The weight of "no object". With 0.4 the empty ones of 8 slots weigh as much as, with the
   * paper's 0.1, those of 100: a little more than the objects. */
  noObject?: number;
  /** False: queries do not attend to one another, in training and after. */
  selfAttention?: boolean;
  /** False: no P in encoder and decoder. */
  positions?: boolean;
  /** False: the two numbers with which the eye says where a place is are 0. */
  coordinates?: boolean;
};

/** A small DETR. */
export type Detector = {
  options: Required<DetectorOptions>;
  next: Random;
  tree: DetrParameters;
  /** Those that are used, by name. */
  parameters: Record<string, tf.Variable>;
};

/** Sizes of all detectors of the lesson. */
export const detectorSizes = { dModel: 48, heads: 4, dHidden: 96 };

/** A new detector. */
export function detector(given: DetectorOptions = {}): Detector {
  const options: Required<DetectorOptions> = {
    seed: 1,
    queries: 8,
    encoderLayers: 1,
    decoderLayers: 3,
    pairing: 'hungarian',
    noObject: 0.4,
    selfAttention: true,
    positions: true,
    coordinates: true,
    ...given,
  };
  const next = random(options.seed);
  const { dModel, dHidden } = detectorSizes;
  const sizes = { ...options, channels: channels + 2, dModel, dHidden, classes: nothing };
  const tree = variables(detrParameters(sizes, next));
  const parameters = Object.fromEntries(
    Object.entries(flatten(tree)).filter(
      ([name]) => options.selfAttention || !/^decoder\/layers\/\d+\/attention(Norm)?\//.test(name),
    ),
  );
  return { options, next, tree, parameters };
}

/** How a detector looks: as it was made, or otherwise. */
export type DetectorLook = {
  selfAttention?: boolean;
  positions?: boolean;
  /** Other queries [N, dModel] in place of its own. */
  queries?: tf.Tensor;
  /** Another decoder in place of `objectDecoder`. */
  decode?: typeof objectDecoder;
};

/** The answers of a detector to features [batch, 6, 6, 50], of all layers. */
export function detected(
  { options, tree }: Detector,
  features: tf.Tensor,
  {
    selfAttention = options.selfAttention,
    positions = options.positions,
    queries = tree.decoder.queries,
    decode,
  }: DetectorLook = {},
) {
  return tf.tidy(() => {
    const { dModel, heads } = detectorSizes;
    const side = crowdPlaces;
    const P = imagePositions({ height: side, width: side, dModel });
    const seen = options.coordinates
      ? features
      : tf.concat(
          [
            features.slice([0, 0, 0, 0], [-1, -1, -1, channels]),
            tf.zeros([features.shape[0], side, side, 2]),
          ],
          3,
        );
    const parameters = { ...tree, decoder: { ...tree.decoder, queries } };
    return detr(seen, parameters, {
      heads,
      selfAttention,
      decode,
      positions: positions ? P : tf.zerosLike(P),
    });
  });
}

export type DetectorTraining = {
  steps?: number;
  batch?: number;
  rate?: number;
  /** Another decoder in place of `objectDecoder`. */
  decode?: typeof objectDecoder;
};

/**
 * Trains a detector; the eye stays as it is. Every layer of the decoder has to answer, and is paired
 * anew.
 *
 * @returns the loss of each step, the mean over the layers
 */
export async function trainDetector(
  one: Detector,
  { crowds, features }: SeenCrowds,
  { steps = 1000, batch = 32, rate = 0.002, decode }: DetectorTraining = {},
  report?: Report,
): Promise<number[]> {
  const { next, options, parameters } = one;
  const adam = new Adam(parameters, {
    learningRate: cosineSchedule(rate, steps, 100),
    clipNorm: 1,
  });
  const losses = await train(
    steps,
    () => {
      const some = Array.from({ length: batch }, () => Math.floor(next() * crowds.length));
      return adam.minimize(() => {
        const seen = tf.gather(features, tf.tensor1d(some, 'int32'));
        const { logits, boxes } = detected(one, seen, { decode });
        const [layers, , N, outputs] = logits.shape;
        const wanted = Array.from({ length: layers }, () => some.map((i) => crowds[i])).flat();
        const { loss } = setPredictionLoss(
          { logits: logits.reshape([-1, N, outputs]), boxes: boxes.reshape([-1, N, 4]) },
          wanted,
          { noObject: options.noObject, pair: pairings[options.pairing] },
        );
        return loss;
      });
    },
    report,
  );
  adam.dispose();
  return losses;
}

/** Pairs by taking the cheapest entry that is free, again and again; of equal ones the first. */
export function greedyPairs(cost: readonly number[][]): [row: number, column: number][] {
  const pairs: [number, number][] = [];
  const entries = cost.flatMap((row, i) => row.map((value, j) => ({ i, j, value })));
  for (const { i, j } of entries.sort((a, b) => a.value - b.value))
    if (pairs.every(([row, column]) => row !== i && column !== j)) pairs.push([i, j]);
  return pairs.sort(([a], [b]) => a - b);
}

/** Pairs [guess, object] from costs [guess][object]. */
const pairings: Record<
  Required<DetectorOptions>['pairing'],
  ((costs: number[][]) => [number, number][]) | undefined
> = {
  hungarian: undefined,
  nearest: (costs) => costs.map((row, guess) => [guess, row.indexOf(Math.min(...row))]),
};

/**
 * What a detector finds in crowds.
 *
 * @param looking.layer whose answers, from 0; the last layer's if left out
 */
export function foundByDetector(
  one: Detector,
  { features }: Pick<SeenCrowds, 'features'>,
  { layer = one.options.decoderLayers - 1, ...looking }: DetectorLook & { layer?: number } = {},
): Finds[] {
  return tf.tidy(() => {
    const { logits, boxes } = detected(one, features, looking);
    return asFound(logits.gather(layer), boxes.gather(layer));
  });
}
