/** U(w) = nβ·L_n(w) + (γ/2)·‖w − center‖² of one chain. */
import type { Potential } from "../backend.ts";
import type { LossFunction } from "./loss-function.ts";
import { squaredDistance } from "./squared-distance.ts";

/** Evaluates L_n (returned with U) and, into `gradient`, ∇U at `position`. */
export type ChainPotential = (position: Float64Array, gradient: Float64Array) => Evaluation;

/** L_n and U at a point, nats. */
export interface Evaluation {
  readonly loss: number;
  readonly potential: number;
}

/** The potential of chain number `chain` of the ensemble, over all data. */
export const chainPotentialOf =
  (lossOf: LossFunction, potential: Potential, chain: number): ChainPotential =>
  (position, gradient) => {
    const { center } = potential;
    const nBeta = potential.nBeta[chain];
    const gamma = potential.gamma[chain];
    const loss = lossOf(position, null, gradient);
    for (let i = 0; i < position.length; i++) {
      gradient[i] = nBeta * gradient[i] + gamma * (position[i] - center[i]);
    }
    return { loss, potential: nBeta * loss + 0.5 * gamma * squaredDistance(position, center) };
  };
