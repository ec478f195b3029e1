/** Settings of `mclmc`: unadjusted microcanonical Langevin Monte Carlo, tuned before the first draw. */
import { z } from "zod";
import { flag, oneOf, orNull, realNumber, wholeNumber } from "../fields.ts";

const fraction = { min: 0, max: 1 } as const;

/** Settings of `mclmc` with their defaults. */
export const mclmcSchema = z
  .strictObject({
    draws: wholeNumber("Recorded draws of each chain.", 1).default(1000),
    warmup: wholeNumber("Steps after tuning and before the first draw, dropped.", 0).default(500),
    steps_per_draw: wholeNumber("Integrator steps per recorded draw.", 1).default(5),
    L: orNull(realNumber("Decoherence length of the momentum.", { above: 0 }), "tuned").default(null),
    step_size: orNull(realNumber("Step size of the integrator.", { above: 0 }), "tuned").default(null),
    integrator: oneOf("2 gradients a step, or 1.", [
      "isokinetic_mclachlan",
      "isokinetic_velocity_verlet",
    ]).default("isokinetic_mclachlan"),
    diagonal_preconditioning: flag("Scales coordinates by the standard deviations seen in tuning.").default(
      true,
    ),
    num_steps: wholeNumber("Steps of tuning; the three fractions share them.", 1).default(5000),
    frac_tune1: realNumber("Fraction for the step size.", fraction).default(0.1),
    frac_tune2: realNumber("Fraction for the variances.", fraction).default(0.1),
    frac_tune3: realNumber("Fraction for L, from the effective sample size; 0 for none.", fraction).default(
      0.1,
    ),
    desired_energy_var: realNumber(
      "Wanted variance of the energy error per dimension; llc of a Gaussian is off by -0.5 % at the default, -2 % at 5e-4.",
      { above: 0 },
    ).default(1e-5),
    trust_in_estimate: realNumber("Width of the weight of one energy error.", { above: 0 }).default(1.5),
    num_effective_samples: realNumber("Memory of the running averages, steps.", { above: 1 }).default(150),
  })
  .superRefine((settings, context) => {
    const { frac_tune1, frac_tune2, frac_tune3 } = settings;
    const sum = frac_tune1 + frac_tune2 + frac_tune3;
    if (sum > 1 + 1e-12) {
      const message = `got ${frac_tune3}, which makes frac_tune1 + frac_tune2 + frac_tune3 = ${sum}; expected a sum <= 1.`;
      context.addIssue({ code: "custom", path: ["frac_tune3"], message });
    }
    if (settings.L !== null && settings.step_size !== null && !settings.diagonal_preconditioning) return;
    for (const key of ["frac_tune1", "frac_tune2"] as const) {
      if (settings[key] > 0) continue;
      const message =
        "got 0 while something is tuned; expected a number > 0, or L and step_size given and no preconditioning.";
      context.addIssue({ code: "custom", path: [key], message });
    }
  });
