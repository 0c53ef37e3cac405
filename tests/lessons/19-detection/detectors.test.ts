import {
  averagePrecision,
  cellDetector,
  checkpointFile,
  crowdPlaces,
  detected,
  detector,
  findsPerObject,
  flatten,
  foundByDetector,
  foundByPlaces,
  hungarian,
  loadCheckpoint,
  loadDigitCrowds,
  matchingCosts,
  objectsOfPlaces,
  random,
  seeCrowds,
  setPredictionLoss,
  suppress,
  sureFinds,
  tf,
  trainCellDetector,
  trainDetector,
  uniform,
} from 'attention';
import { describe, expect, test } from 'vitest';

const { train, test: heldOut } = loadDigitCrowds({ train: 60, test: 100 });
const cells = cellDetector();
loadCheckpoint(checkpointFile('cell-detector'), flatten(cells));
const [seen, unseen] = [seeCrowds(train, cells.eye), seeCrowds(heldOut, cells.eye)];

describe('the detector of each place', () => {
  test('has places that answer for the object over their middle, or with its middle in them', () => {
    const answering = objectsOfPlaces({
      boxes: [
        [0.25, 0.25, 0.3, 0.3],
        [0.75, 0.75, 0.02, 0.02],
      ],
    });
    const places = answering.flatMap((object, place) => (object === 0 ? [place] : []));
    expect(places).toEqual([7]); // the middles of its neighbours are a sixth away
    const small = answering.flatMap((object, place) => (object === 1 ? [place] : []));
    expect(small).toEqual([28]);
    for (const crowd of train)
      expect(new Set(objectsOfPlaces(crowd)).size).toBe(crowd.boxes.length + 1);
  });

  test('finds each digit more than once, and what NMS leaves is nearly right', () => {
    const found = foundByPlaces(cells, unseen);
    expect(found[0].boxes).toHaveLength(crowdPlaces ** 2);
    expect(findsPerObject(found, heldOut)).toBeGreaterThan(1.1);
    const [copies, clean] = [found, found.map((one) => suppress(one))].map((some) =>
      averagePrecision(some, heldOut),
    );
    expect(clean).toBeGreaterThan(0.6);
    expect(clean).toBeGreaterThan(copies);
  });

  test('learns, and leaves no tensor behind', async () => {
    const one = cellDetector(3);
    await trainCellDetector(one, train, { steps: 1, batch: 4 });
    const before = tf.memory().numTensors;
    const losses = await trainCellDetector(one, train, { steps: 25, batch: 8 });
    expect(losses[24]).toBeLessThan(losses[0] - 0.3);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('the small DETR', () => {
  test('learns, whoever answers for what, and leaves no tensor behind', async () => {
    for (const options of [{}, { pairing: 'nearest' }, { selfAttention: false }] as const) {
      const one = detector({ ...options, decoderLayers: 2, queries: 4 });
      await trainDetector(one, seen, { steps: 1, batch: 4 });
      const before = tf.memory().numTensors;
      const losses = await trainDetector(one, seen, { steps: 20, batch: 8 });
      expect(losses[19]).toBeLessThan(losses[0]);
      expect(tf.memory().numTensors).toBe(before);
    }
  });

  test('gives what it found, surest class first, empty slots with their second-best', () => {
    const found = foundByDetector(detector({ queries: 5 }), unseen);
    expect(found).toHaveLength(100);
    for (const { boxes, classes, scores } of found) {
      expect([boxes.length, classes.length, scores.length]).toEqual([5, 5, 5]);
      expect(classes.every((c) => c >= 0 && c < 10)).toBe(true);
    }
    const { scores } = sureFinds({
      boxes: [[0], [0]],
      classes: [1, 2],
      scores: [0.4, 0.6],
    });
    expect(scores).toEqual([0.6]);
  });

  test('sees no coordinates and no positions if it is told so', () => {
    const one = detector({ positions: false, coordinates: false });
    const features = unseen.features.slice([0], [1]);
    const turned = tf.reverse(features, [1, 2]);
    const boxes = (x: tf.Tensor) => detected(one, x).boxes;
    const change = tf.max(tf.abs(tf.sub(boxes(features), boxes(turned)))).dataSync()[0];
    expect(change).toBeLessThan(1e-5);
  });

  test('has costs of pairs that are those of a loop over tensors', () => {
    const next = random(4);
    const guesses = {
      logits: uniform([2, 3, 11], next, 2),
      boxes: tf.add(uniform([2, 3, 4], next, 0.2), 0.4),
    };
    const objects = [train[0], train[1]];
    const costs = matchingCosts(guesses, objects);
    const p = tf.softmax(guesses.logits).arraySync() as number[][][];
    objects.forEach(({ classes, boxes }, image) => {
      boxes.forEach((box, object) => {
        const { l1, giou } = setPredictionLoss(
          {
            logits: guesses.logits.slice([image, 1], [1, 1]),
            boxes: guesses.boxes.slice([image, 1], [1, 1]),
          },
          [{ classes: [classes[object]], boxes: [box] }],
        );
        const wanted =
          5 * l1.dataSync()[0] - 2 * (1 - giou.dataSync()[0]) - p[image][1][classes[object]];
        expect(costs[image][1][object]).toBeCloseTo(wanted, 4);
      });
    });
    expect(hungarian(costs[0])).toHaveLength(Math.min(3, train[0].classes.length));
  });
});
