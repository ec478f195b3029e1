/**
 * What moves walkers at their own temperatures between two swaps: one transition of a kernel that leaves each row's law
 * U = β·nβ·L_n + (γ/2)‖w − w*‖² invariant, β that of its rung. A ladder may have several, which share `WalkerState`.
 */
import type { Vectors } from "../../../compute/backend.ts";
import type { Snapshot } from "../../sampler.ts";

/** The local kernels. `mala` is one leapfrog step. */
export const moveNames = ["hmc", "mala", "nuts", "rwmh"] as const;
export type MoveName = (typeof moveNames)[number];

/** Outcome of one move; one entry a row. */
export interface Exploration {
  readonly acceptanceRate: Float64Array;
  readonly isDivergent: Uint8Array;
  /** Gradients (or losses, where the kernel needs none) of the row's own transition. */
  readonly numSteps: Float64Array;
}

/** Walkers where they are, and what is known of them there. Counts its own work. */
export interface WalkerState {
  /** Shape (rows, dim); call `refresh` after writing it. */
  readonly position: Vectors;
  /** L_n of each row; valid after `refresh` or a move. Moves write entries. */
  readonly loss: Float64Array;
  /** U of each row; as `loss`. */
  readonly potential: Float64Array;
  /** Tells nβ·β of each row, shape (rows); call `refresh` before the next move. */
  setTemperatures(nBeta: Float64Array): void;
  /** Computes what belongs to the present positions and temperatures. */
  refresh(): Promise<void>;
  /** @param inverseMass V, shape (dim): variances of the target. */
  setInverseMass(inverseMass: Float64Array): void;
  snapshot(): Promise<Snapshot>;
  /** @throws TRACE_INVALID if an entry is missing or of another shape. */
  restore(snapshot: Snapshot): void;
}

/** One kernel on the rows of a state. Counts its own work. */
export interface Move {
  /** @param stepSizes ε of each row; 0: stays, which counts as accepted. @param step addresses the random numbers. */
  explore(stepSizes: Float64Array, step: number): Promise<Exploration>;
  /** Mean acceptance over all rows of one short move that is then forgotten. @param probe addresses its random numbers. */
  probe(stepSizes: Float64Array, probe: number): Promise<number>;
}
