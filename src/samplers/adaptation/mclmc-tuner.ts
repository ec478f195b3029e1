/**
 * Step size of microcanonical dynamics from its energy errors: the ε at which Var(ΔE)/d has the wanted value.
 *
 * ΔE² grows as ε⁶, so each step says which ε would have been right; a decaying average of those, weighted by how far
 * the step was from the wanted error, is used next:
 *   ξ = ΔE²/(d·wanted) + 1e-8,  w = exp(−½·(log ξ/(6·trust))²),  decay = (N − 1)/(N + 1),
 *   X ← decay·X + w·ξ/ε⁶,  t ← decay·t + w,  ε ← min((X/t)^(−1/6), 1.25·ε, ε_max).
 *
 * All chains step with one ε. ξ is the mean over the chains whose step was finite: that is the quantity to be brought
 * to 1, and with one chain it is the published rule. A chain whose step was not finite says nothing about ΔE (the kernel
 * reports 0 there) but that ε was too large: ε_max ← min(ε_max, 0.8·ε). The bound on growth is ours: nothing undoes a
 * step that is too long but finite, and it can throw a chain far out. Pure: a state in, a state out.
 *
 * Source: Robnik, De Luca, Silverstein & Seljak (2023), algorithm 2, with BlackJAX's constants.
 */

import { numberIn } from "../chains/snapshot-fields.ts";
import type { Snapshot } from "../sampler.ts";

/** Constants of the rule. */
export interface EnergyRule {
  readonly dim: number;
  /** Wanted Var(ΔE)/d, unitless. */
  readonly desiredEnergyVar: number;
  /** Width of the weight in units of log ε. */
  readonly trustInEstimate: number;
  /** N: memory of the averages, in steps. */
  readonly numEffectiveSamples: number;
}

/** Largest factor by which ε grows in a step. */
const maxGrowth = 1.25;

/** What the rule knows after some steps. */
export interface EnergyTuning {
  /** ε of the next step. */
  readonly stepSize: number;
  /** ε_max; ∞ until a step was bad. */
  readonly maxStepSize: number;
  /** X. */
  readonly weightedSum: number;
  /** t. */
  readonly weight: number;
}

/** One step of all chains: ΔE (nats) and whether the step was bad; one entry a chain. */
export interface EnergyObservation {
  readonly energyError: Float64Array;
  readonly isBad: Uint8Array;
}

/** Begins at `stepSize`, with nothing learnt. */
export const startEnergyTuning = (stepSize: number): EnergyTuning => ({
  stepSize,
  maxStepSize: Number.POSITIVE_INFINITY,
  weightedSum: 0,
  weight: 0,
});

/** Takes in one step made with `state.stepSize`. */
export const updateEnergyTuning = (
  state: EnergyTuning,
  observation: EnergyObservation,
  rule: EnergyRule,
): EnergyTuning => {
  const { numGood, numBad, sumOfSquares } = tally(observation);
  const maxStepSize = numBad > 0 ? Math.min(state.maxStepSize, 0.8 * state.stepSize) : state.maxStepSize;
  if (numGood === 0) return { ...state, maxStepSize, stepSize: Math.min(state.stepSize, maxStepSize) };

  const excess = sumOfSquares / (numGood * rule.dim * rule.desiredEnergyVar) + 1e-8; // ξ
  const weight = Math.exp(-0.5 * (Math.log(excess) / (6 * rule.trustInEstimate)) ** 2);
  const decay = (rule.numEffectiveSamples - 1) / (rule.numEffectiveSamples + 1);
  const weightedSum = decay * state.weightedSum + (weight * excess) / state.stepSize ** 6;
  const totalWeight = decay * state.weight + weight;
  const wanted = (weightedSum / totalWeight) ** (-1 / 6);
  // Weights underflow for absurd errors: then X/t is 0/0 or useless, and the step is too large, not unknown.
  const stepSize = Number.isFinite(wanted) && totalWeight > 0 ? wanted : 0.5 * state.stepSize;
  const grown = Math.min(stepSize, maxGrowth * state.stepSize);
  return { stepSize: Math.min(grown, maxStepSize), maxStepSize, weightedSum, weight: totalWeight };
};

const tally = ({ energyError, isBad }: EnergyObservation) => {
  let numGood = 0;
  let numBad = 0;
  let sumOfSquares = 0;
  for (let chain = 0; chain < energyError.length; chain++) {
    if (isBad[chain] !== 0) {
      numBad++;
      continue;
    }
    numGood++;
    sumOfSquares += energyError[chain] ** 2;
  }
  return { numGood, numBad, sumOfSquares };
};

/** The state as snapshot entries; `energyTuningIn` reads them back. */
export const energyTuningEntries = (state: EnergyTuning): Snapshot => ({
  energyStepSize: state.stepSize,
  energyMaxStepSize: state.maxStepSize,
  energyWeightedSum: state.weightedSum,
  energyWeight: state.weight,
});

/** @throws TRACE_INVALID if an entry is missing. */
export const energyTuningIn = (snapshot: Snapshot): EnergyTuning => ({
  stepSize: numberIn(snapshot, "energyStepSize"),
  maxStepSize: numberIn(snapshot, "energyMaxStepSize"),
  weightedSum: numberIn(snapshot, "energyWeightedSum"),
  weight: numberIn(snapshot, "energyWeight"),
});
