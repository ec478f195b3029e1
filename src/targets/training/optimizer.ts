/**
 * First-order update rules, in place on w; g is the gradient of the mean loss, η the learning rate, t = 1, 2, …
 *
 * - `sgd`: v ← μ·v + g; w ← w − η·v (heavy ball, μ = momentum);
 * - `adam`: m ← 0.9·m + 0.1·g; v ← 0.999·v + 0.001·g²; w ← w − η·m̂/(√v̂ + 1e-8), m̂ = m/(1 − 0.9^t), v̂ = v/(1 − 0.999^t);
 * - `adamw`: `adam` and w ← w − η·weightDecay·w.
 * Weight decay of `sgd` and `adam` is weightDecay·w added to g.
 *
 * Source: Polyak (1964); Kingma & Ba (2015); Loshchilov & Hutter (2019). Constants are those of optax.
 */
import { unreachable } from "../../core/errors.ts";
import type { TrainingConfig } from "../target-config.ts";

const beta1 = 0.9;
const beta2 = 0.999;
const epsilon = 1e-8;

/** Moves `w` one step; `gradient` is overwritten. */
export type Update = (w: Float64Array, gradient: Float64Array) => void;

/** The settings an update rule reads. */
export type UpdateSettings = Pick<TrainingConfig, "optimizer" | "learningRate" | "weightDecay" | "momentum">;

/** A fresh update rule with its own state, for parameters of length `dim`. */
export const openOptimizer = (settings: UpdateSettings, dim: number): Update => {
  const { optimizer, weightDecay } = settings;
  switch (optimizer) {
    case "sgd":
      return coupledDecay(heavyBall(settings, dim), weightDecay);
    case "adam":
      return coupledDecay(adam(settings, dim), weightDecay);
    case "adamw":
      return decoupledDecay(adam(settings, dim), settings);
    default:
      return unreachable(optimizer, "optimizer");
  }
};

const coupledDecay = (update: Update, weightDecay: number): Update =>
  weightDecay === 0
    ? update
    : (w, gradient) => {
        for (let i = 0; i < w.length; i++) gradient[i] += weightDecay * w[i];
        update(w, gradient);
      };

const decoupledDecay = (update: Update, { learningRate, weightDecay }: UpdateSettings): Update => {
  const keep = 1 - learningRate * weightDecay;
  return (w, gradient) => {
    for (let i = 0; i < w.length; i++) w[i] *= keep;
    update(w, gradient);
  };
};

const heavyBall = ({ learningRate, momentum }: UpdateSettings, dim: number): Update => {
  const velocity = new Float64Array(dim);
  return (w, gradient) => {
    for (let i = 0; i < dim; i++) {
      velocity[i] = momentum * velocity[i] + gradient[i];
      w[i] -= learningRate * velocity[i];
    }
  };
};

const adam = ({ learningRate }: UpdateSettings, dim: number): Update => {
  const first = new Float64Array(dim);
  const second = new Float64Array(dim);
  let power1 = 1;
  let power2 = 1;
  return (w, gradient) => {
    power1 *= beta1;
    power2 *= beta2;
    const step = learningRate / (1 - power1);
    const correction = 1 / (1 - power2);
    for (let i = 0; i < dim; i++) {
      const g = gradient[i];
      first[i] = beta1 * first[i] + (1 - beta1) * g;
      second[i] = beta2 * second[i] + (1 - beta2) * g * g;
      w[i] -= (step * first[i]) / (Math.sqrt(second[i] * correction) + epsilon);
    }
  };
};
