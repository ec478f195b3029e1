/**
 * Losses in closed form, with gradients that are right at w_i = 0 too.
 *
 * - quadratic:  L = ½·Σ h_i·w_i²,             ∂_i L = h_i·w_i
 * - monomial:   L = c·∏ |w_i|^{2k_i},         ∂_i L = c·2k_i·|w_i|^{2k_i − 1}·sign(w_i)·∏_{j≠i} |w_j|^{2k_j}
 * - power_sum:  L = Σ c·|w_i|^{2k_i},         ∂_i L = c·2k_i·|w_i|^{2k_i − 1}·sign(w_i)
 *
 * With sign(0) = 0 and exponent 0 a factor of 1 without slope.
 */
import type { LossModel } from "../model.ts";
import type { LossFunction } from "./loss-function.ts";

type ClosedForm = Exclude<LossModel, { readonly kind: "network" }>;

/** The loss function of a closed form. */
export const closedFormLoss = (model: ClosedForm): LossFunction => {
  switch (model.kind) {
    case "quadratic":
      return quadratic(model.curvature);
    case "monomial":
      return monomial(model.coefficient, model.exponents);
    case "power_sum":
      return powerSum(model.coefficient, model.exponents);
  }
};

const quadratic =
  (curvature: readonly number[]): LossFunction =>
  (w, _rows, gradient) => {
    let sum = 0;
    for (let i = 0; i < w.length; i++) {
      const slope = curvature[i] * w[i];
      sum += slope * w[i];
      if (gradient) gradient[i] = slope;
    }
    return 0.5 * sum;
  };

/** |w|^{2k}. */
const power = (w: number, exponent: number): number => Math.abs(w) ** (2 * exponent);

/** d|w|^{2k}/dw. */
const powerSlope = (w: number, exponent: number): number =>
  w === 0 || exponent === 0 ? 0 : 2 * exponent * Math.sign(w) * Math.abs(w) ** (2 * exponent - 1);

const monomial =
  (coefficient: number, exponents: readonly number[]): LossFunction =>
  (w, _rows, gradient) => {
    const factors = w.map((value, i) => power(value, exponents[i]));
    // before = ∏_{j<i}, after[i] = ∏_{j>i}: no division, so a zero factor is no exception.
    const after = new Float64Array(w.length).fill(1);
    for (let i = w.length - 2; i >= 0; i--) after[i] = after[i + 1] * factors[i + 1];
    let before = coefficient;
    for (let i = 0; i < w.length; i++) {
      if (gradient) gradient[i] = before * after[i] * powerSlope(w[i], exponents[i]);
      before *= factors[i];
    }
    return before;
  };

const powerSum =
  (coefficient: number, exponents: readonly number[]): LossFunction =>
  (w, _rows, gradient) => {
    let sum = 0;
    for (let i = 0; i < w.length; i++) {
      sum += coefficient * power(w[i], exponents[i]);
      if (gradient) gradient[i] = coefficient * powerSlope(w[i], exponents[i]);
    }
    return sum;
  };
