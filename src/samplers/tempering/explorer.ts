/**
 * What moves walkers at their own temperatures between two swaps: one transition of a kernel that leaves each row's law
 * U = β·nβ·L_n + (γ/2)‖w − w*‖² invariant, β that of its rung.
 */
import type { Vectors } from "../../compute/backend.ts";
import type { Snapshot } from "../sampler.ts";

/** Outcome of one exploration; one entry a row. */
export interface Exploration {
  readonly acceptanceRate: Float64Array;
  readonly isDivergent: Uint8Array;
  /** Gradients (or losses, where the kernel needs none) that each row took. */
  readonly numSteps: number;
}

/** A local kernel on all rows. Counts its own work. */
export interface Explorer {
  /** Shape (rows, dim); call `refresh` after writing it. */
  readonly position: Vectors;
  /** L_n of each row; valid after `refresh` or `explore`. */
  readonly loss: Float64Array;
  /** U of each row; as `loss`. */
  readonly potential: Float64Array;
  /** Tells nβ·β of each row, shape (rows); call `refresh` before the next move. */
  setTemperatures(nBeta: Float64Array): void;
  /** Computes what belongs to the present positions and temperatures. */
  refresh(): Promise<void>;
  /** @param stepSizes ε of each row; 0: stays. @param step addresses the random numbers. */
  explore(stepSizes: Float64Array, step: number): Promise<Exploration>;
  /** Acceptance of one short move of each row that is then forgotten. @param probe addresses its random numbers. */
  probe(stepSizes: Float64Array, probe: number): Promise<number>;
  /** @param inverseMass V, shape (dim): variances of the target. */
  setInverseMass(inverseMass: Float64Array): void;
  snapshot(): Promise<Snapshot>;
  /** @throws TRACE_INVALID if an entry is missing or of another shape. */
  restore(snapshot: Snapshot): void;
}
