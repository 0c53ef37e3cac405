import { hasFused } from '../tensors/fused/operation';
import { kernelOutputs } from '../tensors/kernels';
import { taped } from '../tensors/taped';
import { tf } from '../tensors/tf';

/** Settings of the Adam optimiser. */
export interface AdamOptions {
  /** Step size α. A function of the step (1, 2, …) makes a schedule. */
  learningRate?: number | ((step: number) => number);
  /** How slowly the mean gradient and the mean squared gradient forget. */
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  /** If the gradient of all parameters together is longer than this, it is shortened to it. */
  clipNorm?: number;
}

/**
 * Adam: moves each parameter by its mean gradient over the root of its mean squared gradient.
 *
 *     m ← β₁ m + (1 − β₁) g      v ← β₂ v + (1 − β₂) g²
 *     θ ← θ − α √(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + ε)
 *
 * `FusedMeans` and `FlatMeans` hold m and v and take the step.
 *
 * Source: Kingma and Ba (2015), Algorithm 1 and the end of Section 2 (whose ε this is).
 */
export class Adam {
  private step = 0;
  private readonly names: string[];
  private readonly variables: tf.Variable[];
  private readonly options: Required<AdamOptions>;
  private readonly means: Means;

  /** @throws if there are no variables, or a setting is out of range */
  constructor(parameters: Record<string, tf.Variable>, options: AdamOptions = {}) {
    this.names = Object.keys(parameters);
    this.variables = Object.values(parameters);
    this.options = {
      learningRate: 1e-3,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      clipNorm: Infinity,
      ...options,
    };
    const { beta1, beta2, clipNorm } = this.options;
    if (this.variables.length === 0) throw new Error('Adam: expected parameters, got none');
    if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1 && clipNorm > 0)) {
      throw new Error(
        `Adam: expected 0 ≤ beta < 1 and clipNorm > 0, got beta1 ${beta1}, beta2 ${beta2}, clipNorm ${clipNorm}`,
      );
    }
    this.means = hasFused()
      ? new FusedMeans(this.variables, this.options)
      : new FlatMeans(this.variables, this.options);
  }

  /**
   * One training step: the gradient of `loss`, then the update.
   *
   * @param loss computes the scalar to make smaller from the parameters
   * @returns its value before the step
   * @throws if the loss, a gradient or the learning rate is not a finite number, or the loss does not
   *   depend on a parameter; the parameters are then left as they were
   */
  minimize(loss: () => tf.Tensor): number {
    const { value, grads } = taped(() => tf.variableGrads(loss as () => tf.Scalar, this.variables));
    const before = value.dataSync()[0];
    value.dispose();
    try {
      if (!Number.isFinite(before)) this.refuse(`the loss is ${before}`);
      this.update(this.variables.map((variable) => grads[variable.name]));
    } finally {
      tf.dispose(grads);
    }
    return before;
  }

  private update(gradients: (tf.Tensor | null)[]): void {
    const { learningRate } = this.options;
    const t = this.step + 1;
    const alpha = typeof learningRate === 'function' ? learningRate(t) : learningRate;
    if (!Number.isFinite(alpha)) this.refuse(`the learning rate is ${alpha}`);
    const unused = this.names.filter((_, i) => !gradients[i]);
    if (unused.length > 0) this.refuse(`the loss does not depend on ${unused.join(', ')}`);
    const found = gradients as tf.Tensor[];
    const norm = tf.tidy(() => this.means.update(found, alpha, t));
    if (!Number.isFinite(norm)) {
      const wrong = this.names.filter((_, i) => !Number.isFinite(lengthOf(found[i])));
      this.refuse(`the gradient of ${wrong.join(', ')} is not finite`);
    }
    this.step = t;
  }

  private refuse(why: string): never {
    throw new Error(`Adam: ${why} at step ${this.step + 1}`);
  }

  /** Frees the means. */
  dispose(): void {
    this.means.dispose();
  }
}

/** √Σ g² */
function lengthOf(g: tf.Tensor): number {
  return tf.tidy(() => tf.sqrt(tf.sum(tf.square(g))).dataSync()[0]);
}

/** m and v of every variable, and the step with them. */
interface Means {
  /**
   * To be called inside `tf.tidy`.
   *
   * @returns the length of all gradients together; if it is not finite, nothing has moved
   */
  update(gradients: tf.Tensor[], alpha: number, t: number): number;
  dispose(): void;
}

type Settings = Required<AdamOptions>;

/** All parameters as one long vector: ten operations in all, not ten for each. */
class FlatMeans implements Means {
  private readonly mean: tf.Variable;
  private readonly square: tf.Variable;

  constructor(
    private readonly variables: tf.Variable[],
    private readonly settings: Settings,
  ) {
    const size = variables.reduce((sum, variable) => sum + variable.size, 0);
    [this.mean, this.square] = tf.tidy(() =>
      [0, 1].map(() => tf.variable(tf.zeros([size]), false)),
    );
  }

  update(gradients: tf.Tensor[], alpha: number, t: number): number {
    const { beta1, beta2, epsilon, clipNorm } = this.settings;
    const all = tf.concat(gradients.map((gradient) => gradient.flatten()));
    const norm = lengthOf(all);
    if (!Number.isFinite(norm)) return norm;
    const g = norm > clipNorm ? tf.mul(all, clipNorm / norm) : all;
    this.mean.assign(tf.add(tf.mul(this.mean, beta1), tf.mul(g, 1 - beta1)));
    this.square.assign(tf.add(tf.mul(this.square, beta2), tf.mul(tf.square(g), 1 - beta2)));
    const rate = (alpha * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t);
    const change = tf.div(tf.mul(this.mean, rate), tf.add(tf.sqrt(this.square), epsilon));
    const sizes = this.variables.map((variable) => variable.size);
    tf.split(change, sizes).forEach((piece, i) => {
      const variable = this.variables[i];
      variable.assign(tf.sub(variable, piece.reshape(variable.shape)));
    });
    return norm;
  }

  dispose(): void {
    tf.dispose([this.mean, this.square]);
  }
}

/** All in one operation: native/adam.cc. */
class FusedMeans implements Means {
  /** m of every variable, then v of every variable. The operation changes them where they are. */
  private readonly means: tf.Tensor[];
  private readonly list: { N: number };

  constructor(
    private readonly variables: tf.Variable[],
    private readonly settings: Settings,
  ) {
    this.list = { N: variables.length };
    this.means = tf.tidy(() =>
      [0, 1].flatMap(() => variables.map((x) => tf.keep(tf.mul(tf.zerosLike(x), 1)))),
    );
  }

  update(gradients: tf.Tensor[], alpha: number, t: number): number {
    const { beta1, beta2, epsilon, clipNorm } = this.settings;
    const rate = (alpha * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t);
    const numbers = tf.tensor1d([rate, 1 - beta1, 1 - beta2, epsilon, clipNorm]);
    const inputs = [...this.variables, ...gradients, ...this.means, numbers];
    const results = kernelOutputs('AttentionAdam', inputs, this.list.N + 1, this.list);
    const norm = results[this.list.N].dataSync()[0];
    if (Number.isFinite(norm)) this.variables.forEach((x, i) => x.assign(results[i]));
    return norm;
  }

  dispose(): void {
    tf.dispose(this.means);
  }
}
