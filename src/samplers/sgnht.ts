/**
 * Stochastic gradient Nosé–Hoover thermostat: SGHMC whose friction adapts until the momentum has unit variance, so that
 * noise of the minibatches, where it is equal in all directions, does not widen the posterior.
 *
 * The thermostat turns with ε²(|p|²/d − 1): it needs many parameters to be steady, and on few it is erratic. It holds the
 * variance of p, not that of w: with friction εξ a step, w is 1 − εξ/2 too narrow.
 * Source: Ding et al. (2014), in the form of BlackJAX. The recursion is in `momentum-chains.ts`.
 */
import { MomentumRun } from "./langevin/momentum-run.ts";
import { checkMomentumSettings, type SgnhtSettings } from "./langevin/momentum-settings.ts";
import type { Sampler } from "./sampler.ts";

export type { SgnhtSettings } from "./langevin/momentum-settings.ts";

/** SGNHT. `thermostat` is εξ. @throws CONFIG_INVALID on settings out of range (from `start`). */
export const sgnht: Sampler<SgnhtSettings> = {
  name: "sgnht",
  numericsVersion: 2,
  statistics: ["diverging", "step_size", "thermostat"],
  isIndependent: false,
  start: async (posterior, settings) => {
    checkMomentumSettings("sgnht", settings);
    return new MomentumRun(posterior, settings, { hasThermostat: true, noiseEstimate: 0 });
  },
};
