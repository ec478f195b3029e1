/**
 * Bayesian fraction of missing information of a Hamiltonian sampler, from its energies.
 *
 * Source: Betancourt (2016), eq. 5 with the estimator of ArviZ. About 2 for independent energies; below 0.3 momentum
 * refreshment moves too little in energy for the tails of the target.
 */
import { type Chains, variance } from "./moments.ts";

/**
 * mean_{t≥1} (E_t − E_{t−1})² / var(E), both with divisor numDraws − 1.
 * @param energies Hamiltonian right after the momentum was drawn, nats; shape (numChains, numDraws).
 * @returns unitless, shape (numChains); NaN for a constant or non-finite chain.
 */
export const bfmi = (energies: Chains): number[] =>
  energies.map((energy) => {
    let sum = 0;
    for (let t = 1; t < energy.length; t++) sum += (energy[t] - energy[t - 1]) ** 2;
    return sum / (energy.length - 1) / variance(energy);
  });
