/** How often a run checkpoints, which is also what a `kill -9` can cost. */
import { SweepError } from "../core/errors.ts";

const variable = "LAMBDA_HAT_CHECKPOINT_SEC";
const defaultSec = 20;

/**
 * Milliseconds between two checkpoints: `LAMBDA_HAT_CHECKPOINT_SEC` in the environment, 0 for after every unit, else 20 s.
 * The results are the same for every choice.
 *
 * @throws SweepError `ENVIRONMENT` if the variable is no number ≥ 0.
 */
export const checkpointIntervalMs = (environment: NodeJS.ProcessEnv): number => {
  const text = environment[variable]?.trim() ?? "";
  const seconds = text === "" ? defaultSec : Number(text);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1000;
  throw new SweepError(
    "ENVIRONMENT",
    `${variable} is "${text}"; expected a number of seconds ≥ 0. Unset it for ${defaultSec}.`,
  );
};
