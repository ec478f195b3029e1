/**
 * Activations φ of the hidden layers and their derivatives, float64.
 *
 * `gelu` is the tanh form x·Φ̃(x), Φ̃(x) = ½(1 + tanh(√(2/π)·(x + 0.044715·x³))). relu'(0) = 0. NaN gives NaN.
 */
import type { Activation } from "../model.ts";

const geluScale = Math.sqrt(2 / Math.PI);
const geluCubic = 0.044715;

/** φ(z). */
export const activate = (activation: Activation, z: number): number => {
  switch (activation) {
    case "relu":
      return Math.max(z, 0);
    case "tanh":
      return Math.tanh(z);
    case "gelu":
      return 0.5 * z * (1 + Math.tanh(geluArgument(z)));
    case "sigmoid":
      return sigmoid(z);
    case "identity":
      return z;
  }
};

/** φ'(z). */
export const activationSlope = (activation: Activation, z: number): number => {
  switch (activation) {
    case "relu":
      return z > 0 ? 1 : 0;
    case "tanh":
      return 1 - Math.tanh(z) ** 2;
    case "gelu": {
      const t = Math.tanh(geluArgument(z));
      return 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * geluScale * (1 + 3 * geluCubic * z * z);
    }
    case "sigmoid":
      return sigmoid(z) * sigmoid(-z);
    case "identity":
      return 1;
  }
};

const geluArgument = (z: number): number => geluScale * (z + geluCubic * z * z * z);

/** 1/(1 + e^{−z}), without overflow and without loss of small values. */
export const sigmoid = (z: number): number =>
  z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
