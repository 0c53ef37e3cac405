import { tf } from '../tf';

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
 * All parameters are updated as one long vector: ten operations in all, not ten for each.
 *
 * Source: Kingma and Ba (2015), Algorithm 1 and the end of Section 2 (whose ε this is).
 */
export class Adam {
  private step = 0;
  private readonly variables: tf.Variable[];
  private readonly options: Required<AdamOptions>;
  private mean: tf.Tensor;
  private square: tf.Tensor;

  /** @throws if there are no variables, or a setting is out of range */
  constructor(parameters: Record<string, tf.Variable>, options: AdamOptions = {}) {
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
    const size = this.variables.reduce((sum, variable) => sum + variable.size, 0);
    this.mean = tf.zeros([size]);
    this.square = tf.zeros([size]);
  }

  /**
   * One training step: the gradient of `loss`, then the update.
   *
   * @param loss computes the scalar to make smaller from the parameters
   * @returns its value before the step
   * @throws if the loss is not a finite number; the parameters are then left as they were
   */
  minimize(loss: () => tf.Tensor): number {
    const { value, grads } = tf.variableGrads(loss as () => tf.Scalar, this.variables);
    const before = value.dataSync()[0];
    value.dispose();
    if (!Number.isFinite(before)) {
      tf.dispose(grads);
      throw new Error(`Adam: the loss is ${before} at step ${this.step + 1}`);
    }
    this.update(this.variables.map((variable) => grads[variable.name]));
    tf.dispose(grads);
    return before;
  }

  private update(gradients: tf.Tensor[]): void {
    const { learningRate, beta1, beta2, epsilon, clipNorm } = this.options;
    const t = ++this.step;
    const alpha = typeof learningRate === 'function' ? learningRate(t) : learningRate;
    // `mean` and `square` are m/(1 − β₁) and v/(1 − β₂): two operations fewer per step.
    const scale = Math.sqrt(1 - beta2);
    const rate = (((alpha * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t)) * (1 - beta1)) / scale;
    const [mean, square, change] = tf.tidy(() => {
      let g: tf.Tensor = tf.concat(gradients.map((gradient) => gradient.flatten()));
      if (clipNorm < Infinity) {
        const norm = Math.sqrt(tf.sum(tf.square(g)).dataSync()[0]);
        if (norm > clipNorm) g = tf.mul(g, clipNorm / norm);
      }
      const m = tf.add(tf.mul(this.mean, beta1), g);
      const v = tf.add(tf.mul(this.square, beta2), tf.square(g));
      return [m, v, tf.div(tf.mul(m, rate), tf.add(tf.sqrt(v), epsilon / scale))];
    });
    tf.dispose([this.mean, this.square]);
    this.mean = mean;
    this.square = square;
    tf.tidy(() => {
      const pieces = tf.split(
        change,
        this.variables.map((variable) => variable.size),
      );
      this.variables.forEach((variable, i) => {
        variable.assign(tf.sub(variable, pieces[i].reshape(variable.shape)));
      });
    });
    change.dispose();
  }

  /** Frees the two means. */
  dispose(): void {
    tf.dispose([this.mean, this.square]);
  }
}
