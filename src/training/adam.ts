import { float, hasKernels, kernel, kernelOutputs } from '../tensors/kernels';
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
 * `KernelMeans` and `FlatMeans` hold m and v and take the step.
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
    this.means = hasKernels()
      ? new KernelMeans(this.variables, this.options)
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
    const { learningRate, clipNorm } = this.options;
    const t = this.step + 1;
    const alpha = typeof learningRate === 'function' ? learningRate(t) : learningRate;
    if (!Number.isFinite(alpha)) this.refuse(`the learning rate is ${alpha}`);
    const unused = this.names.filter((_, i) => !gradients[i]);
    if (unused.length > 0) this.refuse(`the loss does not depend on ${unused.join(', ')}`);
    tf.tidy(() => {
      const found = gradients as tf.Tensor[];
      const norm = Math.sqrt(squaredNorm(found));
      if (!Number.isFinite(norm)) {
        const wrong = this.names.filter((_, i) => !Number.isFinite(squaredNorm([found[i]])));
        this.refuse(`the gradient of ${wrong.join(', ')} is not finite`);
      }
      const clipped = norm > clipNorm ? found.map((g) => tf.mul(g, clipNorm / norm)) : found;
      this.means.update(clipped, alpha, t);
    });
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

/** Σ g² over all tensors. */
function squaredNorm(gradients: tf.Tensor[]): number {
  const each = gradients.map((g) => (hasKernels() ? kernel('L2Loss', [g]) : tf.sum(tf.square(g))));
  return tf.addN(each).dataSync()[0] * (hasKernels() ? 2 : 1); // L2Loss is Σ g² / 2
}

/** m and v of every variable, and the step with them. */
interface Means {
  /** To be called inside `tf.tidy`. */
  update(gradients: tf.Tensor[], alpha: number, t: number): void;
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

  update(gradients: tf.Tensor[], alpha: number, t: number): void {
    const { beta1, beta2, epsilon } = this.settings;
    const g = tf.concat(gradients.map((gradient) => gradient.flatten()));
    this.mean.assign(tf.add(tf.mul(this.mean, beta1), tf.mul(g, 1 - beta1)));
    this.square.assign(tf.add(tf.mul(this.square, beta2), tf.mul(tf.square(g), 1 - beta2)));
    const rate = (alpha * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t);
    const change = tf.div(tf.mul(this.mean, rate), tf.add(tf.sqrt(this.square), epsilon));
    const sizes = this.variables.map((variable) => variable.size);
    tf.split(change, sizes).forEach((piece, i) => {
      const variable = this.variables[i];
      variable.assign(tf.sub(variable, piece.reshape(variable.shape)));
    });
  }

  dispose(): void {
    tf.dispose([this.mean, this.square]);
  }
}

const FLOAT = { dtype: 'float32' };

/**
 * TensorFlow's own kernel of the step, once for each variable: one pass through memory instead of
 * ten. It works on variables of native TensorFlow, which TensorFlow.js knows by handles only.
 */
class KernelMeans implements Means {
  private static count = 0;
  /** Per variable: handles of θ, m and v, and θ as the last step left it. */
  private readonly native: { handles: tf.Tensor[]; theta: object }[];

  constructor(
    private readonly variables: tf.Variable[],
    private readonly settings: Settings,
  ) {
    this.native = variables.map(({ shape }) => ({
      handles: ['theta', 'm', 'v'].map((name) => {
        const shared_name = `adam/${KernelMeans.count++}/${name}`;
        const values = { dtype: 'float32', shape, container: '', shared_name };
        return tf.keep(kernel('VarHandleOp', [], values));
      }),
      theta: {},
    }));
    tf.tidy(() => {
      this.native.forEach(({ handles }, i) => {
        const zeros = tf.zerosLike(variables[i]);
        for (const mean of handles.slice(1)) assign(mean, zeros);
      });
    });
  }

  update(gradients: tf.Tensor[], alpha: number, t: number): void {
    const { beta1, beta2, epsilon } = this.settings;
    const varying = [beta1 ** t, beta2 ** t, alpha].map((x) => tf.scalar(x));
    const scalars = [...varying, float(beta1), float(beta2), float(epsilon)];
    this.native.forEach((native, i) => {
      const variable = this.variables[i];
      const [theta] = native.handles;
      // Somebody else may have changed the variable since: a checkpoint that was loaded.
      if (variable.dataId !== native.theta) assign(theta, variable);
      kernelOutputs('ResourceApplyAdam', [...native.handles, ...scalars, gradients[i]], 0);
      variable.assign(kernel('ReadVariableOp', [theta], FLOAT));
      native.theta = variable.dataId;
    });
  }

  dispose(): void {
    for (const handle of this.native.flatMap(({ handles }) => handles)) {
      kernelOutputs('DestroyResourceOp', [handle], 0, {});
      handle.dispose();
    }
  }
}

function assign(handle: tf.Tensor, value: tf.Tensor): void {
  kernelOutputs('AssignVariableOp', [handle, value], 0, FLOAT);
}
