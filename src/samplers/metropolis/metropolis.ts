/** The acceptance test of Metropolis and Hastings, for all chains at once. */
import { purpose } from "../../random/purpose.ts";
import { uniformAt } from "../../random/uniform.ts";
import type { Posterior } from "../sampler.ts";

/** min(1, e^{−error}) of each chain; 0 where `error` (−log of the ratio, nats) is NaN or +∞. */
export const acceptanceRates = (error: Float64Array): Float64Array =>
  error.map((value) => (Number.isNaN(value) ? 0 : Math.min(1, Math.exp(-value))));

/**
 * 1 where a chain accepts: a uniform number at (purpose `accept`, `step`) falls below its rate.
 *
 * @param rates probabilities, one a chain.
 */
export const acceptedChains = (
  { seed, firstChain = 0 }: Pick<Posterior, "seed" | "firstChain">,
  rates: Float64Array,
  step: number,
): Uint8Array =>
  Uint8Array.from(rates, (rate, chain) =>
    uniformAt({ seed, purpose: purpose.accept, chain: firstChain + chain, step }) < rate ? 1 : 0,
  );
