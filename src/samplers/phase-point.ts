/** Phase points of all chains: device arrays that are made, copied and selected together. */
import type { Ensemble, LeapfrogState } from "../compute/backend.ts";

/** Position, momentum and ∇U at the position of every chain. */
export type PhasePoint = Pick<LeapfrogState, "position" | "momentum" | "gradient">;

/** New arrays, contents undefined. */
export const newPoint = (ensemble: Ensemble): PhasePoint => ({
  position: ensemble.vectors(),
  momentum: ensemble.vectors(),
  gradient: ensemble.vectors(),
});

/** All chains of `to` ← `from`. */
export const copyPoint = (ensemble: Ensemble, from: PhasePoint, to: PhasePoint): void => {
  ensemble.copy(from.position, to.position);
  ensemble.copy(from.momentum, to.momentum);
  ensemble.copy(from.gradient, to.gradient);
};

/** Chain c of `to` ← `from` where `mask[c]` is not 0. */
export const selectPoint = (
  ensemble: Ensemble,
  mask: Uint8Array,
  { from, to }: { readonly from: PhasePoint; readonly to: PhasePoint },
): void => {
  ensemble.select(mask, from.position, to.position);
  ensemble.select(mask, from.momentum, to.momentum);
  ensemble.select(mask, from.gradient, to.gradient);
};
