import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root';
import { tf } from '../tensors/tf';

/** What PyTorch made of one small batch. */
export type TransformerInPyTorch = {
  heads: number;
  layers: number;
  /** Ids [batch][sourceLength], with padding. */
  source: number[][];
  /** Ids [batch][targetLength]: the start mark and the target without its last token. */
  input: number[][];
  /** Named as in `Transformer.parameters`. */
  parameters: Record<string, tf.Tensor>;
  /** [batch, targetLength, targetTokens] */
  logits: tf.Tensor;
};

/**
 * Two layers of encoder and decoder, run by `torch.nn.Transformer` in double precision: the first
 * case of tests/golden/transformer.json (tests/golden/generate_transformer.py).
 */
export function transformerInPyTorch(): TransformerInPyTorch {
  const file = join(packageRoot(), 'data', 'transformer-in-pytorch.json');
  const { heads, layers, source, input, parameters, logits } = JSON.parse(
    readFileSync(file, 'utf8'),
  );
  const tensor = ({ shape, values }: { shape: number[]; values: number[] }) =>
    tf.tensor(values, shape);
  return {
    ...{ heads, layers, source, input, logits: tensor(logits) },
    parameters: Object.fromEntries(
      Object.entries(parameters).map(([name, value]) => [name, tensor(value as never)]),
    ),
  };
}
