import {
  gradientsOf,
  type HomeworkExercise,
  homework,
  judgeHomework,
  near,
  refusal,
  tf,
} from 'attention';
import { describe, expect, test, vi } from 'vitest';

type Double = { double: (x: tf.Tensor) => tf.Tensor };
const exercise = (double: Double['double']): HomeworkExercise<Double> => ({
  exercise: 'H0.1',
  points: 6,
  answers: { double },
  behaviours: [
    {
      does: 'doubles',
      points: 2,
      look: async ({ double }) => {
        const [got] = await (await double(tf.tensor1d([3]))).data();
        return got === 6 ? undefined : `3 gives ${got}`;
      },
    },
    {
      does: 'has gradient 2',
      points: 1,
      look: async ({ double }) => {
        const [gradient] = await double.gradients([tf.tensor1d([3])], tf.tensor1d([1]));
        const [slope] = await gradient.data();
        return slope === 2 ? undefined : `the slope is ${slope}`;
      },
    },
  ],
});

describe('homework', () => {
  test('gives the points of the behaviours that hold, and says what is wrong', async () => {
    const right = await judgeHomework(exercise((x) => tf.mul(x, 2)));
    expect([right.points, right.of]).toEqual([3, 3]);
    const wrong = await judgeHomework(exercise((x) => tf.add(x, 3)));
    expect(wrong.points).toBe(2);
    expect(wrong.outcomes.map(({ line }) => line)).toEqual([
      'doubles',
      'has gradient 2: the slope is 1',
    ]);
  });

  test('gives nothing for an answer that waits, throws or returns nonsense', async () => {
    const throwing = (said: string) => () => {
      throw new Error(said);
    };
    const marks = async (double: unknown) => {
      const { outcomes } = await judgeHomework(exercise(double as Double['double']));
      return outcomes.map(({ mark }) => mark).join('');
    };
    expect(await marks(throwing('not implemented'))).toBe('○○');
    expect(await marks(throwing('oh'))).toBe('✗✗');
    expect(await marks(() => undefined)).toBe('✗✗');
  });

  describe('with values for a gate', () => {
    type Both = { halves: (row: number[]) => unknown; sum: (row: number[]) => unknown };
    const both = (halves: Both['halves'], sum: Both['sum']): HomeworkExercise<Both> => ({
      exercise: 'H0.2',
      points: 6,
      answers: { halves, sum },
      behaviours: [
        {
          does: 'has as many numbers',
          points: 1,
          look: async ({ halves }) =>
            near('it', await halves([1, 2]).then((x: any) => x.length), 2),
        },
        {
          does: 'halves',
          points: 2,
          values: true,
          look: async ({ halves }) => near('half', await halves([2, 4]), [1, 2]),
        },
        {
          does: 'sums up',
          points: 2,
          values: true,
          look: async ({ sum }) => near('the sum', await sum([2, 4]), 6),
        },
        {
          does: 'sums halves up',
          points: 1,
          hidden: true,
          look: async ({ halves, sum }) =>
            near('the sum', await sum((await halves([0, 0])) as number[]), 0),
        },
      ],
    });
    const half = (row: number[]) => row.map((x) => x / 2);
    const total = (row: number[]) => row.reduce((a, b) => a + b);

    test('nothing else counts of an answer whose values are wrong, and that is said', async () => {
      const { points, outcomes } = await judgeHomework(both((row) => row.map(() => 1), total));
      expect(points).toBe(2);
      expect(outcomes.map(({ mark, counts, line }) => [mark, counts, line])).toEqual([
        ['✓', false, 'has as many numbers (counts once the values are right)'],
        ['✗', true, 'halves: half[1] is 1'],
        ['✓', true, 'sums up'],
        ['✗', false, 'sums halves up: the sum is 2'],
      ]);
    });

    test('an answer that is not written yet takes no points from another', async () => {
      const later = () => {
        throw new Error('not implemented');
      };
      const { points, outcomes } = await judgeHomework(both(half, later));
      expect(points).toBe(3);
      expect(outcomes.map(({ lookedAt }) => lookedAt.join())).toEqual([
        'halves',
        'halves',
        'sum',
        'halves,sum',
      ]);
    });

    test('lists of every kind are lists, as in the sandbox', async () => {
      const typed = both((row) => Float32Array.from(row, (x) => x / 2), total);
      expect((await judgeHomework(typed)).points).toBe(6);
      const nested = exercise((x) => x);
      nested.behaviours = [
        {
          does: 'keeps',
          points: 1,
          look: async ({ double }: any) => near('rows', (await double()).rows, [[1, 2]]),
        },
      ];
      nested.answers.double = (() => ({ rows: [Float32Array.of(1, 2)] })) as any;
      expect((await judgeHomework(nested)).points).toBe(1);
    });

    test('a text that is thrown is an error, as in the sandbox', async () => {
      const refusing = both(() => {
        throw 'no, 3 is odd';
      }, total);
      refusing.behaviours = [
        {
          does: 'refuses',
          points: 1,
          look: async ({ halves }) => {
            const said = await refusal(halves([3]));
            return said === 'no, 3 is odd' ? undefined : said;
          },
        },
      ];
      expect((await judgeHomework(refusing)).points).toBe(1);
      refusing.answers.halves = half;
      expect(await refusal(Promise.resolve(half([3])))).toBe('');
      refusing.answers.halves = () => {
        throw new Error('not implemented');
      };
      expect((await judgeHomework(refusing)).outcomes[0].mark).toBe('○');
    });
  });

  test('hands out copies, and frees what was made', async () => {
    const greedy = exercise((x) => {
      const result = tf.mul(x, 2);
      x.dispose();
      return result;
    });
    greedy.behaviours.push({
      does: 'leaves its input',
      points: 0,
      look: async ({ double }) => {
        const x = tf.tensor1d([1]);
        await double(x);
        return x.isDisposed ? 'the input is gone' : undefined;
      },
    });
    const before = tf.memory().numTensors;
    const { outcomes } = await judgeHomework(greedy);
    expect(outcomes[2].mark).toBe('✓');
    expect(tf.memory().numTensors).toBe(before);
  });

  test('leaks nothing when the gradient of an answer fails', () => {
    const [x, upstream] = [tf.tensor1d([1, 2]), tf.ones([2])];
    const squared = (v: tf.Tensor) => tf.exp(tf.mul(v, v));
    const answers = {
      throws: (v: tf.Tensor) => {
        squared(v);
        throw new Error('not implemented');
      },
      'leaves the tape': (v: tf.Tensor) => tf.tensor(squared(v).arraySync()),
    };
    const before = tf.memory().numTensors;
    for (const answer of Object.values(answers)) {
      expect(() => gradientsOf(answer, [x], upstream)).toThrow(/not implemented|Cannot compute/);
      expect(tf.memory().numTensors).toBe(before);
    }
    const [dx] = gradientsOf(squared, [x], upstream);
    expect(dx.dataSync()[0]).toBeCloseTo(2 * Math.E, 4);
    tf.dispose([x, upstream, dx]);
  });

  test('lets exercises that are judged at the same time keep their tensors', async () => {
    const slow = (wait: number) => {
      const one = exercise((x) => tf.mul(x, 2));
      one.behaviours = [
        {
          does: 'has its tensor after a while',
          points: 1,
          look: async ({ double }) => {
            const x = tf.tensor1d([3]);
            await new Promise((done) => setTimeout(done, wait));
            const [got] = await (await double(x)).data();
            return got === 6 ? undefined : `3 gives ${got}`;
          },
        },
      ];
      return judgeHomework(one);
    };
    const verdicts = await Promise.all([slow(60), slow(20), slow(40)]);
    expect(verdicts.map(({ outcomes }) => outcomes[0].line)).toEqual(
      Array(3).fill('has its tensor after a while'),
    );
  });

  test('prints a line for each behaviour, and how many points are still to come', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    await homework(exercise((x) => tf.mul(x, 2)));
    expect(log.mock.calls[0][0]).toBe(
      'Exercise H0.1: 2 of 2, all done.\n  ✓ doubles\n  ✓ has gradient 2\n' +
        '  3 of 3 points; 3 more when it is graded',
    );
    await homework(
      exercise(() => {
        throw new Error('not implemented');
      }),
    );
    expect(log.mock.calls[1][0]).toContain('\n  Your answer belongs where YOUR CODE HERE stands');
    log.mockRestore();
  });
});
