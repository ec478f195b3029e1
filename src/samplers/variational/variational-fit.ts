/** What the training of `vi` asks of a family: one fit a chain, that can be drawn from and improved. */
import type { RandomStream } from "../../random/philox.ts";
import type { Snapshot } from "../sampler.ts";
import type { ElboSample } from "./vi-gradient.ts";

/** One chain's q. Mutable. */
export interface VariationalFit {
  /** Steps whose gradient was shortened. */
  readonly numClipped: number;
  /** Draws whose loss or gradient was not finite, left out. */
  readonly numSkipped: number;
  /** Sets the parameters at which the fit of a chain starts. */
  begin(address: { readonly seed: number; readonly chain: number }): void;
  /** Adopts the scale s of the coordinates, shape (dim). */
  setScale(scale: Float64Array): void;
  /** A draw v = w − w* into `out`: from the numbers of `stream` (index 0 on) and standard normals `noise`, shape (dim). */
  displace(stream: RandomStream, noise: Float64Array, out: Float64Array): void;
  /**
   * One step up the ELBO with the draws of `samples`, made from the present parameters.
   *
   * @returns mean of ℓ − log q over the finite draws, nats; NaN if none was, and then q only shrinks: it is too wide.
   */
  climb(samples: readonly ElboSample[], rate: number): number;
  /** Entries whose names begin with `prefix`. */
  snapshot(prefix: string): Snapshot;
  /** @throws TRACE_INVALID if an entry is missing or of another size. */
  restore(snapshot: Snapshot, prefix: string): void;
}
