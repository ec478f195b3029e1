/**
 * Says when the pull to w* decides the estimate: γ is not small against nβ times the largest curvature of the loss.
 *
 * In a direction of curvature h the localiser leaves nβh/(nβh + γ) of that direction's part of λ̂, and nowhere more than
 * in the stiffest one.
 */

/** Loss of λ̂ in the stiffest direction that a reader must be told of. */
const noteworthyLoss = 0.1;
/**
 * Curvatures of L_n up to here are 0: what differences of gradients leave of fourth derivatives, h²·L⁗/6 ≤ 1e-10·L⁗/6
 * at their h ≥ 1e-5, and of rounding. The loss is then flat at w* to second order, and stiffens away from it.
 */
const truncation = 1e-8;

/** What pulls, and what resists. */
export interface Pull {
  readonly nBeta: number;
  readonly gamma: number;
  /** Largest eigenvalue of the Hessian of L_n at w*; NaN or 0 (a singular minimum): nothing can be said. */
  readonly largestCurvature: number;
}

/** Sentences for a reader of the result; none where γ is small enough. */
export const localiserWarnings = ({ nBeta, gamma, largestCurvature }: Pull): readonly string[] => {
  const stiffness = nBeta * largestCurvature;
  const loss = gamma / (stiffness + gamma);
  if (!(largestCurvature > truncation) || loss <= noteworthyLoss) return [];
  const percent = Number((100 * loss).toPrecision(2));
  return [
    `posterior.gamma ${Number(gamma.toPrecision(3))} is large against n·beta times the largest curvature at w* (${Number(stiffness.toPrecision(3))}): it takes at least ${percent} % of every direction's part of llc. Lower gamma below ${Number((stiffness / 10).toPrecision(2))}.`,
  ];
};
