import { expectShape } from '../tensors/shape';
import { stopGradient } from '../tensors/stop-gradient';
import { tf } from '../tensors/tf';

/**
 * One layer: its input at the present segment and at the positions before → its output, alone or with
 * its attention weights.
 */
export type SegmentLayer = (
  x: tf.Tensor3D,
  memory?: tf.Tensor3D,
) => tf.Tensor3D | { output: tf.Tensor3D; weights: tf.TensorContainer };

/**
 * Reads one segment of a long text with a stack of layers that remember the segments before it.
 *
 *     h^n = layer_n(h^{n−1}, m^{n−1})      m'^{n−1} = SG(the last M positions of [m^{n−1} ∘ h^{n−1}])
 *
 * Each layer remembers its own input, so after N layers a position can depend on what stood N · M
 * positions before its segment. No gradient crosses from one segment to the next.
 *
 * Source: Dai et al. (2019), Section 3.2.
 *
 * @param x [batch, length, dModel]: the segment, embedded
 * @param memories of each layer [batch, remembered, dModel], as the segment before returned them;
 *   empty at the first segment
 * @param layers from the first to the last, such as `segmentAttention` with what belongs around it
 * @param memoryLength M ≥ 1
 * @returns the last layer's output [batch, length, dModel]; a memory for each layer, for the next
 *   segment (`tf.keep` them if it is read in another `tf.tidy`); the weights of layers that give them
 * @throws if there are memories, but not one for each layer, or M < 1
 */
export function segmentRecurrence(
  x: tf.Tensor3D,
  memories: tf.Tensor3D[],
  layers: SegmentLayer[],
  memoryLength: number,
): { output: tf.Tensor3D; memories: tf.Tensor3D[]; weights: tf.TensorContainer[] } {
  const [batch, , dModel] = expectShape('x', x, ['batch', 'length', 'dModel']);
  if (memories.length && memories.length !== layers.length) {
    throw new Error(
      `expected ${layers.length} memories, one for each layer, got ${memories.length}`,
    );
  }
  memories.forEach((m, n) => expectShape(`memory ${n}`, m, [batch, 'remembered', dModel]));
  if (!(memoryLength >= 1)) throw new Error(`memoryLength: expected ≥ 1, got ${memoryLength}`);
  return tf.tidy(() => {
    let h = x;
    const weights: tf.TensorContainer[] = [];
    const next = layers.map((layer, n) => {
      const seen = memories[n] ? tf.concat([memories[n], h], 1) : h;
      const kept = Math.min(memoryLength, seen.shape[1]);
      const made = layer(h, memories[n]);
      if (!(made instanceof tf.Tensor)) weights[n] = made.weights;
      h = made instanceof tf.Tensor ? made : made.output;
      return stopGradient(tf.slice(seen, [0, seen.shape[1] - kept, 0], [-1, kept, -1]));
    });
    return { output: h, memories: next, weights };
  });
}
