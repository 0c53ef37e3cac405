import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { loadCharacters } from '../../data/characters';
import { type LanguageModel, languageModel } from '../../models/language-model';
import { packageRoot } from '../../package-root';
import { measureMemory } from '../../tensors/measure-memory';
import { tf } from '../../tensors/tf';
import { crossEntropy } from '../../training/cross-entropy';
import type { TimedStep } from '../long-context';
import { inChunks, keepingStack, lshSublayer, reversibleModel } from './reversible-models';

/** How much text a step reads. */
export type Amount = { batch: number; length: number };

/** The book, read once. */
let text: Uint8Array | undefined;

/** A training step of a model on the beginning of the book. */
export function stepOf(model: LanguageModel, { batch, length }: Amount): TimedStep {
  text ??= loadCharacters().train;
  const book = text;
  const cut = (by: number) =>
    tf.tensor2d(Int32Array.from(book.subarray(by, by + batch * length)), [batch, length], 'int32');
  const loss = () => {
    const logits = model.forward(cut(0)).logits.reshape([batch * length, -1]);
    return crossEntropy(logits, cut(1).flatten(), tf.ones([batch * length]));
  };
  return { model, loss };
}

/** Runs it: the loss, and the gradients of all parameters. */
export function runStep({ model, loss }: TimedStep): void {
  tf.tidy(() => {
    const list = Object.values(model.parameters);
    tf.variableGrads(loss as () => tf.Scalar, list).value.dataSync();
  });
}

/** The most megabytes that the tensors of a step take at one time, each buffer counted once. */
export function stepMegabytes(step: TimedStep): number {
  return measureMemory(() => runStep(step)).peakBytes / 2 ** 20;
}

/** Plain: x ← x + F(x). Kept: reversible blocks, and yet everything is kept. */
export const kindsOfDepth = ['plain', 'kept', 'reversible'] as const;
export type KindOfDepth = (typeof kindsOfDepth)[number];

/** What the measurements of depth read. */
export const depthAmount: Amount = { batch: 8, length: 128 };

/** The common language model with so many layers. */
export function deepModel(kind: KindOfDepth, layers: number): LanguageModel {
  if (kind === 'plain') return languageModel({ layers });
  return reversibleModel({ layers, ...(kind === 'kept' && { stack: keepingStack }) }).model;
}

/** What `processMegabytes` asks of its child. */
export type DepthJob = { kind: KindOfDepth; depths: number[]; amount?: Amount };

/**
 * By how many megabytes a process has grown at its peak when it has taken a training step at each
 * depth, one after another.
 */
export function processGrowth({ kind, depths, amount = depthAmount }: DepthJob): number[] {
  const small = stepOf(deepModel(kind, 1), { batch: 1, length: 16 });
  runStep(small); // what TensorFlow loads once does not count
  const before = peakMegabytes();
  return depths.map((depth) => {
    const model = deepModel(kind, depth);
    runStep(stepOf(model, amount));
    tf.dispose(model.parameters);
    return peakMegabytes() - before;
  });
}

/** The most memory that this process has had. (Linux begins `maxRSS` with that of who started it.) */
function peakMegabytes(): number {
  const status = '/proc/self/status';
  const own = existsSync(status) && /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(status, 'utf8'));
  return (own ? Number(own[1]) : process.resourceUsage().maxRSS) / 1024;
}

/**
 * `processGrowth` in a process of its own, which nothing has grown before: what the system sees.
 *
 * @param job.depths from the smallest to the largest, since a peak never falls
 * @throws if the process fails
 */
export function processMegabytes(job: DepthJob): number[] {
  const code =
    'console.log(JSON.stringify(require(process.argv[1]).processGrowth(JSON.parse(process.argv[2]))))';
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['-e', code, packageRoot(), JSON.stringify(job)],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`the process that was to be measured failed: ${stderr}`);
  return JSON.parse(stdout);
}

/** The rows of the paper's Table 3, and the two orders in which its parts can be put together. */
export const reformerParts = {
  Transformer: {},
  'LSH alone': { lsh: true },
  reversible: { reversible: true },
  'reversible + chunks': { reversible: true, chunks: true },
  'reversible + LSH': { reversible: true, lsh: true },
  'all three: Reformer': { reversible: true, chunks: true, lsh: true },
} satisfies Record<string, { reversible?: boolean; chunks?: boolean; lsh?: boolean }>;

/** What the measurements of the parts are taken with. */
export const partsSizes = { layers: 4, dHidden: 2048, length: 2048, chunk: 128 };

/** A language model of some of the Reformer's parts. */
export function partsModel(name: keyof typeof reformerParts): LanguageModel {
  const { reversible, chunks, lsh }: { reversible?: boolean; chunks?: boolean; lsh?: boolean } =
    reformerParts[name];
  const { layers, dHidden, chunk } = partsSizes;
  const options = {
    ...{ layers, dHidden },
    ...(lsh && { attention: lshSublayer() }),
    ...(chunks && { feedForward: inChunks(chunk) }),
  };
  return reversible ? reversibleModel(options).model : languageModel(options);
}
