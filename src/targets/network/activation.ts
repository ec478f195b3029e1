/**
 * Activations as fixed sequences of IEEE 754 operations, so that teachers, and with them labels, have the same bits on
 * every machine and version of JavaScript (`Math.tanh` promises no such thing).
 *
 * Not for hot loops: students are evaluated by backends, whose last bits may differ from these.
 * Error: absolute ≤ 4e-16 for tanh and the logistic function.
 */
import type { Activation } from "../../compute/model.ts";
import { exponential } from "../../random/elementary.ts";

/** tanh x; ±1 at ±∞, NaN for NaN. */
export const hyperbolicTangent = (x: number): number => {
  const size = Math.abs(x);
  if (size < 0.25) return tangentNearZero(x);
  const tail = 2 / (exponential(2 * size) + 1);
  return x < 0 ? tail - 1 : 1 - tail;
};

/** Lambert's continued fraction x/(1 + x²/(3 + x²/(5 + …))), cut at 13: error below 1e-17 for |x| < 0.25. */
const tangentNearZero = (x: number): number => {
  const z = x * x;
  return x / (1 + z / (3 + z / (5 + z / (7 + z / (9 + z / (11 + z / 13))))));
};

/** σ(x) = 1/(1 + e^{−x}); 0 and 1 at ∓∞, NaN for NaN. */
export const logistic = (x: number): number => {
  const decay = exponential(-Math.abs(x));
  return (x < 0 ? decay : 1) / (1 + decay);
};

/** √(2/π) and the cubic coefficient of the tanh form of gelu. */
const geluScale = 0.7978845608028654;
const geluCubic = 0.044715;

/** Scalar function of an activation's name; NaN for NaN. */
export const activationOf = (name: Activation): ((x: number) => number) => {
  switch (name) {
    case "relu":
      return (x) => (x <= 0 ? 0 : x);
    case "tanh":
      return hyperbolicTangent;
    case "gelu":
      return (x) => 0.5 * x * (1 + hyperbolicTangent(geluScale * (x + geluCubic * x * x * x)));
    case "sigmoid":
      return logistic;
    case "identity":
      return (x) => x;
  }
};
