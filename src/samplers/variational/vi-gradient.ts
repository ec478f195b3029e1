/**
 * Unbiased gradient of the evidence lower bound ELBO(φ) = E_q[ℓ(w) − log q(w)] of a mixture of factor analysers, from
 * one draw w = w* + v, v = σ∘(A_m z + ε):
 * - ρ and A_m, "sticking the landing": G = ∇_w(ℓ − log q) with q's parameters held fixed, carried along the path of the
 *   draw: ∂ρ_i = G_i·v_i and, for the component m that was drawn, ∂A_m[i, j] = σ_i·G_i·z_j. The term left out,
 *   E[∂_φ log q], is 0; what stays vanishes for every draw once q is the posterior. The part −∇log q is the entropy's
 *   force: without it q collapses. G knows w alone, so component and z are averaged out given w: with the
 *   responsibilities r_m and E[z | w, m] = t_m of `vi-mixture.ts`, ∂A_m[i, j] = r_m·σ_i·G_i·t_mj, and every component
 *   learns from every draw.
 * - α: the score, component averaged out, (r − π)(ℓ − log q − b)/T, b a baseline that knows earlier draws only.
 * All are to be ASCENDED. Optional terms on the mixture weights: log of a Dirichlet prior, (α0 − 1)(1 − Mπ)/T, and a
 * bonus c on their entropy H, −cπ(log π + H)/T; both change the objective on purpose.
 *
 * Source: Roeder, Wu & Duvenaud (2017); Ranganath, Gerrish & Blei (2014).
 */
import { addScaled, dot, type FactorMixture, type MixturePoint } from "./vi-mixture.ts";

/** One draw of q and what the target says there. */
export interface ElboSample {
  /** v = w − w*, shape (dim). */
  readonly displacement: Float64Array;
  /** ℓ(w), nats, up to a constant. */
  readonly logTarget: number;
  /** ∇ℓ(w), shape (dim). */
  readonly targetGradient: Float64Array;
}

/** How strongly one draw counts, and the baseline of the score. */
export interface ElboWeighting {
  /** Factor on this draw: 1/(draws in one gradient). */
  readonly share: number;
  /** b, nats; NaN: none yet, and the logits learn nothing from this draw. */
  readonly baseline: number;
  /** T of the mixture weights. */
  readonly temperature: number;
}

/**
 * Adds the gradient of one draw to `gradient` (laid out like `mixture.values`).
 *
 * @returns ℓ − log q of the draw, nats; where it or G is not finite nothing is added.
 */
export const addElboGradient = (
  mixture: FactorMixture,
  sample: ElboSample,
  into: ElboWeighting & { readonly gradient: Float64Array },
): number => {
  const point = mixture.evaluate(sample.displacement);
  const { logDensity, responsibilities, score } = point;
  const value = sample.logTarget - logDensity;
  const force = sample.targetGradient.slice();
  addScaled(-1, score, force); // G
  if (!Number.isFinite(value) || !Number.isFinite(dot(force, force))) return Number.NaN;

  addWidths(force, sample.displacement, into);
  for (let i = 0; i < force.length; i++) force[i] *= into.share * mixture.deviation[i];
  addLoadings(mixture, { ...point, force }, into.gradient);
  if (Number.isFinite(into.baseline)) {
    const gain = (into.share * (value - into.baseline)) / into.temperature;
    const { logitsAt } = mixture.shape;
    responsibilities.forEach((share, m) => {
      into.gradient[logitsAt + m] += (share - mixture.weights[m]) * gain;
    });
  }
  return value;
};

/** ∂ρ. */
const addWidths = (
  force: Float64Array,
  displacement: Float64Array,
  { gradient, share }: { readonly gradient: Float64Array; readonly share: number },
): void => {
  for (let i = 0; i < force.length; i++) gradient[i] += share * force[i] * displacement[i];
};

/** ∂A_m for all components; `force` is σ∘G times the draw's share. */
const addLoadings = (
  { shape }: FactorMixture,
  { responsibilities, factors, force }: MixturePoint & { readonly force: Float64Array },
  gradient: Float64Array,
): void => {
  responsibilities.forEach((share, m) => {
    factors[m].forEach((t, j) => {
      const start = shape.loadingsAt[m] + j * shape.dim;
      addScaled(share * t, force, gradient.subarray(start, start + shape.dim));
    });
  });
};

/** Terms of the objective that look at the mixture weights alone. */
export interface WeightTerms {
  /** α0; null: no prior. */
  readonly alphaDirichletPrior: number | null;
  /** c. */
  readonly entropyBonus: number;
  /** T. */
  readonly alphaTemperature: number;
}

/** Adds the gradient of those terms to the logits' part of `gradient`. */
export const addWeightTerms = (mixture: FactorMixture, terms: WeightTerms, gradient: Float64Array): void => {
  const { weights, shape } = mixture;
  const { alphaDirichletPrior, entropyBonus, alphaTemperature } = terms;
  const entropy = Math.log(mixture.effectiveComponents());
  weights.forEach((weight, m) => {
    const prior =
      alphaDirichletPrior === null ? 0 : (alphaDirichletPrior - 1) * (1 - weights.length * weight);
    const spread = weight > 0 ? -entropyBonus * weight * (Math.log(weight) + entropy) : 0;
    gradient[shape.logitsAt + m] += (prior + spread) / alphaTemperature;
  });
};
