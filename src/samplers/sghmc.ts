/**
 * Stochastic gradient Hamiltonian Monte Carlo: momentum with friction, driven by minibatch gradients, all chains in
 * lock-step. Nothing is adjusted; the bias of step size and minibatches is measured and reported.
 *
 * Source: Chen, Fox & Guestrin (2014), in the form of BlackJAX without its periodic refreshment. The recursion is in
 * `momentum-chains.ts`, its stationary law on a Gaussian in `momentum-run.ts`.
 */

import { requireSetting } from "./chains/require-setting.ts";
import { MomentumRun } from "./langevin/momentum-run.ts";
import { checkMomentumSettings, type SghmcSettings } from "./langevin/momentum-settings.ts";
import type { Sampler } from "./sampler.ts";

export type { SghmcSettings } from "./langevin/momentum-settings.ts";

const checkNoiseEstimate = ({ noiseEstimate, stepSize, friction }: SghmcSettings): void => {
  const most = stepSize === null ? 0 : (2 * friction) / stepSize ** 2;
  requireSetting(noiseEstimate >= 0 && noiseEstimate <= most, {
    name: "sghmc.noise_estimate",
    value: noiseEstimate,
    expected:
      stepSize === null
        ? "0 where step_size is chosen by the sampler"
        : `a number from 0 to 2 * friction / step_size^2 = ${most}`,
  });
};

/** SGHMC. @throws CONFIG_INVALID on settings out of range (from `start`). */
export const sghmc: Sampler<SghmcSettings> = {
  name: "sghmc",
  numericsVersion: 2,
  statistics: ["diverging", "step_size"],
  isIndependent: false,
  start: async (posterior, settings) => {
    checkMomentumSettings("sghmc", settings);
    checkNoiseEstimate(settings);
    const { noiseEstimate } = settings;
    return new MomentumRun(posterior, settings, { hasThermostat: false, noiseEstimate });
  },
};
