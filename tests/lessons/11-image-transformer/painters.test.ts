import {
  bitsByPlace,
  bitsPerPixel,
  blockAttention,
  canvas,
  checkpointFile,
  imageBlocks1D,
  loadCheckpoint,
  painter,
  pixelsOf,
  smallDigits,
  tf,
  trainPainter,
} from 'attention';
import { describe, expect, test } from 'vitest';

const { train, test: heldOut, testLabels } = smallDigits();
const places = canvas.side ** 2;
const bound = Math.log2(heldOut.length) / places;

test('small digits are 14 × 14 of four levels, and no held-out digit is there twice', () => {
  expect([train.length, heldOut.length, testLabels.length]).toEqual([8000, 500, 500]);
  expect(new Set(heldOut.map(String)).size).toBe(500);
  for (const image of heldOut) expect(image).toHaveLength(places);
  expect([...new Set(heldOut.flat())].sort()).toEqual([0, 1, 2, 3]);
});

describe('painter', () => {
  test('is trained, the same way every time, and leaves no tensor', async () => {
    const losses = async () => {
      const model = painter({ block: 14, memory: 14 }, { seed: 3 });
      await trainPainter(model, train, { steps: 1, batch: 2 });
      const before = tf.memory().numTensors;
      const found = await trainPainter(model, train, { steps: 12, batch: 4 });
      const bits = bitsByPlace(model, heldOut.slice(0, 60));
      expect(tf.memory().numTensors).toBe(before);
      model.dispose();
      return { found, bits };
    };
    const [once, again] = [await losses(), await losses()];
    expect(again).toEqual(once);
    expect(once.found[11]).toBeLessThan(once.found[0]);
    expect(once.bits).toHaveLength(places);
  });

  test('counts bits as its loss does, in nats', () => {
    const model = painter({ block: [2, 7], memory: [1, 3] });
    const some = heldOut.slice(0, 70);
    const loss = model.loss(pixelsOf(some)).dataSync()[0] / Math.LN2;
    expect(bitsPerPixel(model, some)).toBeCloseTo(loss, 4);
    model.dispose();
  });

  test('of the checkpoint is honest, and better than any counter', () => {
    const model = painter({ block: 14, memory: 14 });
    loadCheckpoint(checkpointFile('image-transformer'), model.parameters);
    const bits = bitsPerPixel(model, heldOut.slice(0, 200));
    expect(bits).toBeLessThan(0.5);
    expect(bits).toBeGreaterThan(bound);
    model.dispose();
  });

  test('with a mask that leaks sees the pixel that it is asked for', () => {
    const model = painter({ block: 14, memory: 14 });
    const leak = {
      ...imageBlocks1D(places, { block: 14, memory: 14 }),
      sees: (i: number, j: number) => j <= i + 1,
    };
    const attend = (q: tf.Tensor4D, k: tf.Tensor4D, v: tf.Tensor4D) =>
      blockAttention(q, k, v, leak);
    const some = heldOut.slice(0, 20);
    const changed = some.map((image) => image.map((level, i) => (i === 100 ? 3 - level : level)));
    const logits = (images: number[][]) =>
      model.forward(pixelsOf(images), { attend }).logits.slice([0, 100], [-1, 1]);
    const moved = tf.tidy(
      () => tf.max(tf.abs(tf.sub(logits(some), logits(changed)))).dataSync()[0],
    );
    expect(moved).toBeGreaterThan(1e-4);
    const honest = tf.tidy(() => {
      const at = (images: number[][]) =>
        model.forward(pixelsOf(images)).logits.slice([0, 100], [-1, 1]);
      return tf.max(tf.abs(tf.sub(at(some), at(changed)))).dataSync()[0];
    });
    expect(honest).toBeLessThan(1e-6);
    model.dispose();
  });
});
