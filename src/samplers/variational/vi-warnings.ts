/** What the training of any family of `vi` has to tell a reader of its result. */
import type { VariationalFit } from "./variational-fit.ts";
import type { ViSettings } from "./vi-settings.ts";
import type { ViTraining } from "./vi-training.ts";

/** Nats and standard errors by which the ELBO must still rise to call a fit unfinished. */
const noteworthyRise = 1;
const riseErrors = 4;

/** Sentences: not finished, draws without a finite loss. */
export const trainingWarnings = (
  training: ViTraining<VariationalFit>,
  { steps, samplesPerStep }: Pick<ViSettings, "steps" | "samplesPerStep">,
): string[] => {
  const warnings: string[] = [];
  const { rise, error } = training.elboRise();
  if (rise > noteworthyRise && rise > riseErrors * error) {
    warnings.push(
      `vi: the fit is not finished: over the last tenth of the steps the ELBO still rose by ${rise.toPrecision(2)} nats; raise steps or lr.`,
    );
  }
  const skipped = Math.max(...training.fits.map(({ numSkipped }) => numSkipped));
  if (skipped > 0.01 * steps * samplesPerStep) {
    warnings.push(
      `vi: ${skipped} of ${steps * samplesPerStep} training draws of a fit had no finite loss or gradient and were left out; lower lr.`,
    );
  }
  return warnings;
};
