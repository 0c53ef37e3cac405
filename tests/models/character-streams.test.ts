import {
  bitsByContext,
  bitsInWindow,
  bitsPerCharacter,
  characters,
  type LanguageModelOptions,
  languageModel,
  loadCharacters,
  tf,
  toCharacters,
  toText,
  trainOnStreams,
  transformerXLSublayer,
} from 'attention';
import { describe, expect, test } from 'vitest';

const tiny = { dModel: 8, heads: 2, dHidden: 16, layers: 2 };
const xl: LanguageModelOptions = { ...tiny, attention: transformerXLSublayer, positions: 'none' };
const text = toCharacters('the whale and the sea and the ship and the sky '.repeat(60));

describe('characters', () => {
  test('are small letters and single spaces', () => {
    const small = toText(toCharacters("The Whale's jaw -- 'twas crooked! Ça, 3"));
    expect(small).toBe('the whales jaw twas crooked ca ');
    expect(characters).toHaveLength(27);
  });

  test('of Moby-Dick come in two parts that share no chapter', () => {
    const { train, heldOut } = loadCharacters();
    expect(train.length).toBeGreaterThan(9e5);
    expect(heldOut.length).toBeGreaterThan(2e5);
    expect(Math.max(...train.subarray(0, 10000))).toBe(26);
    expect(toText(train)).toContain(' call me ishmael ');
    expect(toText(heldOut)).not.toContain('call me ishmael');
    expect(toText(train)).not.toContain('  ');
  });
});

describe('trainOnStreams', () => {
  const how = { steps: 60, batch: 4, segment: 8, learningRate: 0.01 };

  test.each([0, 6])(
    'with a memory of %d learns, twice the same, and leaves no tensor',
    async (memoryLength) => {
      const run = async () => {
        const model = languageModel({ ...xl, seed: 5 });
        const before = tf.memory().numTensors;
        const losses = await trainOnStreams(model, text, { ...how, memoryLength });
        expect(tf.memory().numTensors).toBe(before);
        return losses;
      };
      const losses = await run();
      expect(losses[59]).toBeLessThan(losses[0] - 0.5);
      expect(await run()).toEqual(losses);
    },
  );

  test('reads each stream on where it stopped: a memory meets the text that came before', async () => {
    const seen: number[][][] = [];
    const model = languageModel(tiny);
    const spy = {
      ...model,
      forward: (ids: tf.Tensor, reading?: object) => {
        seen.push(ids.arraySync() as number[][]);
        return model.forward(ids, reading);
      },
    };
    await trainOnStreams(spy, text, { ...how, steps: 3 });
    const whole = toText(text);
    for (let stream = 0; stream < how.batch; stream++)
      expect(whole).toContain(toText(seen.flatMap((step) => step[stream])));
  });

  test('adds a penalty to the loss, tells of each step, and refuses a text too short', async () => {
    const penalised = languageModel({ ...tiny, seed: 2 });
    const plain = languageModel({ ...tiny, seed: 2 });
    const told: number[] = [];
    const penalty = () => tf.add(3, tf.mul(0, tf.sum(penalised.tree.embedding)));
    const once = { ...how, steps: 1, after: (step: number) => told.push(step) };
    const [dear] = await trainOnStreams(penalised, text, { ...once, penalty });
    const [cheap] = await trainOnStreams(plain, text, once);
    expect(dear - cheap).toBeCloseTo(3, 4);
    expect(told).toEqual([0, 0]);
    await expect(trainOnStreams(plain, text, { steps: 500 })).rejects.toThrow('too few');
  });
});

describe('bits per character', () => {
  test('of a model that knows nothing is log₂ 27, at every place', () => {
    const model = languageModel(tiny);
    const { W, b } = model.tree.output as Record<'W' | 'b', tf.Variable>;
    W.assign(tf.zerosLike(W));
    b.assign(tf.zerosLike(b));
    const { bits, byPlace } = bitsPerCharacter(model, text, { segment: 8, batch: 4, total: 64 });
    expect(bits).toBeCloseTo(Math.log2(27), 4);
    expect(byPlace).toHaveLength(8);
    expect(bitsInWindow(model, text, { context: 5, total: 10 })).toBeCloseTo(Math.log2(27), 4);
  });

  test('with a memory of everything does not depend on how the text is cut; without it does', () => {
    const model = languageModel(xl);
    const at = (segment: number, memoryLength: number) =>
      bitsPerCharacter(model, text, { segment, memoryLength, batch: 2, total: 96 }).bits;
    expect(at(12, 100)).toBeCloseTo(at(48, 100), 4);
    expect(Math.abs(at(12, 0) - at(48, 0))).toBeGreaterThan(1e-4);
  });

  test('in a window are those of the last place of a segment', () => {
    const model = languageModel(tiny);
    const short = text.subarray(0, 9); // one window, and the character behind it
    const { byPlace } = bitsPerCharacter(model, short, { segment: 8, batch: 1, total: 8 });
    expect(bitsInWindow(model, short, { context: 8, total: 1 })).toBeCloseTo(byPlace[7], 4);
    expect(() => bitsPerCharacter(model, short, { total: 64 })).toThrow('too few');
    expect(() => bitsInWindow(model, short, { context: 0 })).toThrow('context');
  });

  test('leave no tensor behind', () => {
    const model = languageModel(xl);
    const before = tf.memory().numTensors;
    bitsPerCharacter(model, text, { segment: 8, memoryLength: 8, batch: 2, total: 64 });
    bitsInWindow(model, text, { context: 8, total: 16 });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('bitsByContext', () => {
  const model = languageModel(xl);

  test('counts the same characters, however much stands before them', () => {
    const { W } = model.tree.output;
    const blind = languageModel(tiny);
    (blind.tree.output.W as tf.Variable).assign(tf.zerosLike(W));
    const bits = bitsByContext(blind, text, [1, 5, 60], { places: 8, segment: 16 });
    for (const one of bits) expect(one).toBeCloseTo(Math.log2(27), 4);
  });

  test('with a memory of everything does not depend on the segments', () => {
    const at = (segment: number) =>
      bitsByContext(model, text, [3, 40], { segment, memoryLength: 100, places: 8, stretch: 4 });
    at(16).forEach((bits, n) => {
      expect(bits).toBeCloseTo(at(64)[n], 4);
    });
  });

  test('of a whole segment is what bitsPerCharacter counts', () => {
    const short = text.subarray(0, 17);
    const { byPlace } = bitsPerCharacter(model, short, { segment: 16, batch: 1, total: 16 });
    const [last] = bitsByContext(model, short, [16], { places: 1, stretch: 1 });
    expect(last).toBeCloseTo(byPlace[15], 4);
  });

  test('leaves no tensor behind', () => {
    const before = tf.memory().numTensors;
    bitsByContext(model, text, [1, 20], { segment: 8, memoryLength: 8, places: 4, stretch: 2 });
    expect(tf.memory().numTensors).toBe(before);
  });
});
