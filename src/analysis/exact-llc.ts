/**
 * Learning coefficients that are known exactly, and the exact value of the estimator at finite nβ and γ.
 *
 * λ̂ is what a perfect sampler returns, E[nβ·(L(w) − L(w*))]; it differs from λ by the pull of the localiser and, for
 * multiplicity m > 1, by about (m − 1)/log nβ. Samplers are judged against λ̂ where it is known.
 *
 * Source: Watanabe (2009), chapter 4 for normal crossings; `aoyagi.ts`, `bessel.ts`, `localised-power.ts`.
 */
import { aoyagiLlc, type LearningCoefficient } from "./aoyagi.ts";
import { besselRatio } from "./bessel.ts";
import {
  type Localisation,
  localisedMonomialLlc,
  localisedPowerSumLlc,
  type Monomial,
} from "./localised-power.ts";

/**
 * A loss near w* whose learning coefficient is known; w* = 0 for the closed forms, the most singular point of the
 * fibre (every factor of rank `rank`) for deep linear networks.
 */
export type SolvableLoss =
  | { readonly kind: "quadratic"; readonly curvature: readonly number[] }
  | ({ readonly kind: "monomial" | "power_sum" } & Monomial)
  | { readonly kind: "deep_linear"; readonly widths: readonly number[]; readonly rank: number };

/** Exact values; `estimate` is null where only the asymptotic λ is known. */
export interface ExactLlc extends LearningCoefficient {
  /** λ̂ at these nβ and γ. Null for deep linear networks, and where the posterior is improper (γ = 0 in a flat valley). */
  readonly estimate: number | null;
}

/** @throws RangeError for widths or a rank that Aoyagi's formula does not cover. */
export const exactLlcOf = (loss: SolvableLoss, { nBeta, gamma }: Localisation): ExactLlc => {
  if (loss.kind === "deep_linear") return { ...aoyagiLlc(loss.widths, loss.rank), estimate: null };
  if (loss.kind === "quadratic") {
    return {
      ...quadraticCoefficient(loss.curvature),
      estimate: quadraticLlc(loss.curvature, { nBeta, gamma }),
    };
  }
  const active = { coefficient: loss.coefficient, exponents: loss.exponents.filter((k) => k > 0) };
  const hasFlat = active.exponents.length < loss.exponents.length;
  const isProper = gamma > 0 || (!hasFlat && (loss.kind === "power_sum" || active.exponents.length === 1));
  const coefficient = loss.kind === "monomial" ? crossingCoefficient(active) : sumCoefficient(active);
  if (!isProper) return { ...coefficient, estimate: null };
  const estimate = loss.kind === "monomial" ? monomialLlc : powerSumLlc;
  return { ...coefficient, estimate: estimate(active, { nBeta, gamma }) };
};

/** λ̂ = ½·Σ nβh/(nβh + γ) of ½·Σ h_i·w_i²; null if γ = 0 and some h_i = 0. */
export const quadraticLlc = (curvature: readonly number[], { nBeta, gamma }: Localisation): number | null => {
  if (gamma === 0 && curvature.includes(0)) return null;
  return curvature.reduce((sum, h) => sum + (0.5 * nBeta * h) / (nBeta * h + gamma), 0);
};

/**
 * λ̂ of a monomial with positive exponents: in one dimension without localiser 1/(2k) at every temperature; for w1²w2²
 * ½ + s − s·K1(s)/K0(s) with s = γ²/(8·nβ·c); else by quadrature. γ > 0 unless there is one exponent.
 */
export const monomialLlc = (monomial: Monomial, localisation: Localisation): number => {
  const { coefficient, exponents } = monomial;
  if (exponents.length === 1 && localisation.gamma === 0) return 1 / (2 * exponents[0]);
  const isProduct = exponents.length === 2 && exponents[0] === 1 && exponents[1] === 1;
  const s = localisation.gamma ** 2 / (8 * localisation.nBeta * coefficient);
  // The closed form is a difference of nearly equal numbers for large s.
  if (isProduct && s <= 1) return 0.5 + s - s * besselRatio(s);
  return localisedMonomialLlc(monomial, localisation);
};

const powerSumLlc = (sum: Monomial, localisation: Localisation): number =>
  localisation.gamma > 0 ? localisedPowerSumLlc(sum, localisation) : sumCoefficient(sum).lambda;

const quadraticCoefficient = (curvature: readonly number[]): LearningCoefficient => ({
  lambda: curvature.filter((h) => h > 0).length / 2,
  multiplicity: 1,
});

/** λ = min 1/(2k_i), m = the number of coordinates that attain it. */
const crossingCoefficient = ({ exponents }: Monomial): LearningCoefficient => {
  const steepest = exponents.reduce((top, k) => Math.max(top, k), 0);
  return { lambda: 1 / (2 * steepest), multiplicity: exponents.filter((k) => k === steepest).length };
};

/** λ = Σ 1/(2k_i), m = 1. */
const sumCoefficient = ({ exponents }: Monomial): LearningCoefficient => ({
  lambda: exponents.reduce((sum, k) => sum + 1 / (2 * k), 0),
  multiplicity: 1,
});
