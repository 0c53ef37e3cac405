import {
  bicubic,
  bitsPerPixel,
  canvas,
  checkpointFile,
  Enlarger,
  enlargedBits,
  loadCheckpoint,
  nearestLabels,
  painter,
  picturesFor,
  pixelsOf,
  random,
  shrunk,
  smallDigits,
  squareOf,
  storedResults,
  strayed,
  tf,
  trainEnlarger,
} from 'attention';
import { describe, expect, test } from 'vitest';

const { train, trainLabels, test: heldOut, testLabels } = smallDigits();
const { side, levels } = canvas;
const places = side ** 2;
const mean = (list: number[]) => list.reduce((sum, x) => sum + x, 0) / list.length;

describe('small pictures', () => {
  test('are means of 3 × 3 pixels, without the ring', () => {
    const image: number[] = Array.from({ length: places }, (_, i) =>
      i % side === 0 || i < side ? 3 : 0,
    );
    expect(shrunk(image)).toEqual(Array(16).fill(0));
    image[1 * side + 1] = 3; // the first square begins in row 1, column 1
    image[3 * side + 3] = 3;
    image[12 * side + 12] = 1;
    expect(shrunk(image)[0]).toBeCloseTo(6 / 27, 10);
    expect(shrunk(image)[15]).toBeCloseTo(1 / 27, 10);
    expect(shrunk(Array(places).fill(levels - 1))).toEqual(Array(16).fill(1));
  });

  test('have a square for every pixel, the nearest one for the ring', () => {
    const counts = Array(16).fill(0);
    for (let i = 0; i < places; i++) {
      const [row, column] = squareOf(i);
      counts[4 * row + column]++;
    }
    expect(counts).toEqual([16, 12, 12, 16, 12, 9, 9, 12, 12, 9, 9, 12, 16, 12, 12, 16]);
    expect(squareOf(0)).toEqual([0, 0]);
    expect(squareOf(4 * side + 9)).toEqual([1, 2]);
  });

  test('of held-out digits are all different, and hardly any ink is in the ring', () => {
    expect(new Set(heldOut.map((image) => String(shrunk(image)))).size).toBe(500);
    const ink = train.flat().reduce((sum, level) => sum + level, 0);
    const inside = train.reduce((sum, one) => sum + 27 * mean(shrunk(one)) * 16, 0);
    expect(1 - inside / ink).toBeLessThan(0.01);
  });

  test('made large by TensorFlow are flat where they were flat, and have the size of a digit', () => {
    const [flat, own] = bicubic([Array(16).fill(0.5), shrunk(heldOut[0])]);
    expect([flat.length, own.length]).toEqual([places, places]);
    flat.forEach((level, i) => {
      const ring = [Math.floor(i / side), i % side].some((at) => at < 1 || at > 12);
      expect(level).toBeCloseTo(ring ? 0 : 1.5, 5);
    });
    for (const level of own) expect(level).toBeGreaterThanOrEqual(0);
  });

  test('say how far an image is from them, in levels', () => {
    const some = heldOut.slice(0, 5);
    expect(strayed(some, some.map(shrunk))).toEqual([0, 0, 0, 0, 0]);
    expect(strayed([Array(places).fill(0)], [Array(16).fill(1)])[0]).toBeCloseTo(3, 10);
  });

  test('nearestLabels is the loop over all distances', () => {
    const known = train.slice(0, 200);
    const byHand = heldOut.slice(0, 20).map((x) => {
      const far = known.map((y) => y.reduce((sum, level, i) => sum + (level - x[i]) ** 2, 0));
      return trainLabels[far.indexOf(Math.min(...far))];
    });
    expect(nearestLabels(heldOut.slice(0, 20), known, trainLabels)).toEqual(byHand);
  });

  test('of another digit are those of the image before', () => {
    const own = picturesFor(heldOut.slice(0, 3));
    expect(picturesFor(heldOut.slice(0, 3), "another's")).toEqual([own[2], own[0], own[1]]);
  });
});

describe('Enlarger', () => {
  const model = new Enlarger({ seed: 5 });
  const images = heldOut.slice(0, 3);
  const logits = (pixels: number[][], pictures: number[][]) =>
    tf.tidy(
      () =>
        model
          .decode(pixelsOf(pixels), model.encode(tf.tensor2d(pictures)))
          .logits.arraySync() as number[][][],
    );
  const moved = (a: number[][][], b: number[][][]) =>
    a[0].map((list, i) => Math.max(...list.map((x, c) => Math.abs(x - b[0][i][c]))));

  test('reads what is painted before and all of the small picture, not the pixel it is asked for', () => {
    const [image] = images;
    const at = 100;
    const changed = image.map((level, i) => (i === at ? levels - 1 - level : level));
    const pictures = [shrunk(image)];
    const far = moved(logits([image], pictures), logits([changed], pictures));
    for (let i = 0; i <= at; i++) expect(far[i]).toBeLessThan(1e-6);
    expect(far[at + 1]).toBeGreaterThan(1e-3);
    const last = pictures.map((one) => one.map((grey, b) => (b === 15 ? 1 - grey : grey)));
    const first = moved(logits([image], pictures), logits([image], last));
    expect(Math.min(...first)).toBeGreaterThan(1e-5);
  });

  test('gives the first rows alone what it gives them among others', () => {
    const pictures = images.map(shrunk);
    const whole = logits(images, pictures);
    const rows = logits(
      images.map((image) => image.slice(0, 5 * side)),
      pictures,
    );
    rows.forEach((one, n) => {
      one.forEach((list, i) => {
        list.forEach((x, c) => {
          expect(x).toBeCloseTo(whole[n][i][c], 4);
        });
      });
    });
  });

  test('asks all of the small picture with weights that sum to 1, and nothing that is hidden', () => {
    tf.tidy(() => {
      const memory = model.encode(tf.tensor2d(images.map(shrunk)));
      const sees = tf.tensor(
        Array.from({ length: 16 }, (_, b) => Number(b !== 6)),
        [1, 1, 16],
      );
      const { weights } = model.decode(pixelsOf(images), memory, sees);
      expect(weights.map(({ shape }) => shape)).toEqual(Array(2).fill([3, 4, places, 16]));
      for (const one of weights) {
        expect(tf.max(tf.abs(tf.sub(tf.sum(one, -1), 1))).dataSync()[0]).toBeLessThan(1e-5);
        expect(tf.max(one.slice([0, 0, 0, 6], [-1, -1, -1, 1])).dataSync()[0]).toBe(0);
      }
    });
  });

  test('counts bits as its loss does, and draws levels, the same ones for the same dice', () => {
    const pictures = images.map(shrunk);
    const loss = tf.tidy(
      () => model.loss(pixelsOf(images), tf.tensor2d(pictures)).dataSync()[0] / Math.LN2,
    );
    expect(enlargedBits(model, images, pictures)).toBeCloseTo(loss, 4);
    const before = tf.memory().numTensors;
    const drawn = model.sample(pictures.slice(0, 1), random(1));
    expect(tf.memory().numTensors).toBe(before);
    expect(drawn[0]).toHaveLength(places);
    expect([...new Set(drawn[0])].sort()).toEqual([0, 1, 2, 3]);
    expect(model.sample(pictures.slice(0, 1), random(1))).toEqual(drawn);
  });

  test('is trained, the same way every time, and leaves no tensor', async () => {
    const losses = async () => {
      const before = tf.memory().numTensors;
      const own = new Enlarger({ seed: 3 });
      const found = await trainEnlarger(own, train, { steps: 12, batch: 4 });
      own.dispose();
      expect(tf.memory().numTensors).toBe(before);
      return found;
    };
    const [once, again] = [await losses(), await losses()];
    expect(again).toEqual(once);
    expect(once[11]).toBeLessThan(once[0]);
  });
});

describe('the checkpoint image-enlarger', () => {
  const model = new Enlarger();
  loadCheckpoint(checkpointFile('image-enlarger'), model.parameters);
  const some = heldOut.slice(0, 100);

  test('needs the small picture of the digit itself', () => {
    const bits = enlargedBits(model, some, picturesFor(some));
    const lied = enlargedBits(model, some, picturesFor(some, "another's"));
    const { numbers } = storedResults('11');
    expect(bits).toBeLessThan(Math.min(...numbers['1-D, 14, twice as long']));
    expect(lied).toBeGreaterThan(Math.max(...numbers['1-D, 14']));
  });

  test('keeps to the small picture better than another digit does', () => {
    const few = some.slice(0, 12).map(shrunk);
    const drawn = model.sample(few, random(2));
    const others = picturesFor(some.slice(0, 12), "another's");
    expect(mean(strayed(drawn, few))).toBeLessThan(mean(strayed(drawn, others)) / 2);
  });
});

test('what the lesson says of its table and of hidden squares is so', () => {
  const { numbers } = storedResults('11');
  const some = heldOut.slice(0, 100);
  const own = some.map(shrunk);
  const fog = bicubic(own);
  const right = nearestLabels(fog, train, trainLabels).map((n, i) => Number(n === testLabels[i]));
  expect(mean(right)).toBeLessThan(0.5);
  expect(mean(strayed(fog, own))).toBeGreaterThan(
    Math.max(...numbers['small picture, its own: levels off']),
  );
  const nothing = mean(numbers['1-D, 14, twice as long']);
  const lied = mean(numbers['small picture, its own: bits, lied to']) / nothing;
  expect([lied > 3.5, lied < 4]).toEqual([true, true]);

  const model = new Enlarger();
  loadCheckpoint(checkpointFile('image-enlarger'), model.parameters);
  const master = painter({ block: 14, memory: 14 });
  loadCheckpoint(checkpointFile('image-transformer'), master.parameters);
  const bits = enlargedBits(model, some, own);
  const hidden = Array.from({ length: places }, (_, i) => {
    const [row, column] = squareOf(i);
    return Array.from({ length: 16 }, (__, b) => Number(b !== 4 * row + column));
  });
  const without = enlargedBits(model, some, own, tf.tensor3d([hidden]));
  expect(without - bits).toBeGreaterThan(10 * (bitsPerPixel(master, some) - bits));
});
