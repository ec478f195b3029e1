/** Settings of `pt`: parallel tempering, a ladder of temperatures for each recorded chain. */
import { z } from "zod";
import { flag, listOf, oneOf, orNull, realNumber, wholeNumber } from "../fields.ts";
import { draws, floorOf, targetAcceptance, thinning, warmup } from "./transitions.ts";

const temperature = z.number().min(1);
const inverseTemperature = z.number().gt(0).max(1);
const kernelNames = ["hmc", "mala", "nuts", "rwmh"] as const;

/** Settings of `pt` with their defaults. */
export const ptSchema = z
  .strictObject({
    draws: draws.default(1000),
    warmup: warmup.default(500),
    thinning: thinning.default(1),
    rungs: orNull(
      wholeNumber("Temperatures of each chain, the reference included; each is a chain in cost.", 2),
      "the length of the list, otherwise 8",
    ).default(null),
    ladder: oneOf("First ladder: T or beta evenly spaced, T geometric, or from a list.", [
      "geometric",
      "linear",
      "linear_beta",
      "custom",
    ]).default("geometric"),
    max_temperature: orNull(
      realNumber("Hottest temperature but for the reference.", { above: 1 }),
      "10; must be null with a custom ladder",
    ).default(null),
    temperatures: orNull(
      listOf(temperature, "a list of numbers that rise from 1", "Custom ladder of temperatures T."),
      "none",
    ).default(null),
    betas: orNull(
      listOf(inverseTemperature, "a list of numbers > 0 that fall from 1", "Custom ladder of beta = 1/T."),
      "none",
    ).default(null),
    reference: flag(
      "Adds beta = 0 as the last rung, drawn exactly from the pull to w*; gives the evidence. Needs gamma > 0.",
    ).default(false),
    adapt_ladder: flag("Moves the inner rungs in warmup until neighbours swap equally often.").default(true),
    kernel: oneOf("How the rungs move between swaps; custom: as `kernels` says.", [
      ...kernelNames,
      "custom",
    ]).default("hmc"),
    kernels: orNull(
      listOf(
        oneOf("Kernel of one rung.", kernelNames),
        "a list of hmc, mala, nuts and rwmh",
        "Custom kernel of each rung, from the target to the hottest, without the reference.",
      ),
      "none",
    ).default(null),
    local_steps: wholeNumber("Transitions between two phases of swaps.", 1).default(1),
    num_integration_steps: orNull(
      realNumber("Mean number of leapfrog steps of a transition of hmc; 1 is MALA.", { min: 1 }),
      "8 for hmc; other kernels have none",
    ).default(null),
    max_depth: orNull(
      wholeNumber("Most doublings of a trajectory of nuts.", 1, 20),
      "10 for nuts; other kernels have none",
    ).default(null),
    step_size: realNumber("First (or fixed) step size at beta = 1; others begin with step_size/sqrt(beta).", {
      above: 0,
    }).default(0.01),
    adapt_step_size: flag("Finds a step size for each rung in warmup by dual averaging.").default(true),
    adapt_mass_matrix: flag("Finds a diagonal mass matrix in warmup from the draws at beta = 1.").default(
      true,
    ),
    target_acceptance: orNull(
      targetAcceptance,
      "0.8 for hmc and nuts, 0.574 for mala, 0.234 for rwmh",
    ).default(null),
    mass_matrix_floor: floorOf("mass matrix").default(0.001),
  })
  .superRefine((settings, context) => {
    for (const [key, message] of mistakesIn(settings)) {
      context.addIssue({ code: "custom", path: [key], message });
    }
  });

interface LadderValues {
  readonly ladder: string;
  readonly rungs: number | null;
  readonly max_temperature: number | null;
  readonly temperatures: readonly number[] | null;
  readonly betas: readonly number[] | null;
  readonly reference: boolean;
  readonly kernel: string;
  readonly kernels: readonly string[] | null;
  readonly num_integration_steps: number | null;
  readonly max_depth: number | null;
}

/** What single keys cannot say: `[key, message]`. */
const mistakesIn = (settings: LadderValues): [key: string, message: string][] => {
  const mistakes: [string, string][] = [];
  const lists = (["temperatures", "betas"] as const).filter((key) => settings[key] !== null);
  if (settings.ladder === "custom" && lists.length !== 1) {
    mistakes.push([
      "ladder",
      `got custom with ${lists.length} lists; expected exactly one of temperatures and betas.`,
    ]);
  }
  if (settings.ladder !== "custom") {
    for (const key of lists) mistakes.push([key, `got a list; expected null, or \`ladder: custom\`.`]);
  } else if (settings.max_temperature !== null) {
    mistakes.push(["max_temperature", "got a number; expected null where `ladder` is custom."]);
  }
  const [key, ...others] = lists;
  if (key !== undefined && others.length === 0) mistakes.push(...listMistakes(settings, key));
  mistakes.push(...kernelMistakes(settings));
  return mistakes;
};

const kernelMistakes = (settings: LadderValues): [key: string, message: string][] => {
  const { kernel, kernels, num_integration_steps, max_depth } = settings;
  const used = kernel === "custom" ? (kernels ?? []) : [kernel];
  const mistakes = customMistakes(settings);
  if (num_integration_steps !== null && !used.includes("hmc")) {
    mistakes.push(["num_integration_steps", "got a number; expected null where no rung moves by hmc."]);
  }
  if (max_depth !== null && !used.includes("nuts")) {
    mistakes.push(["max_depth", "got a number; expected null where no rung moves by nuts."]);
  }
  return mistakes;
};

const customMistakes = (settings: LadderValues): [key: string, message: string][] => {
  const { kernel, kernels, reference } = settings;
  const isCustom = kernel === "custom";
  if (kernels === null) {
    return isCustom ? [["kernel", "got custom; expected a list `kernels` beside it."]] : [];
  }
  if (!isCustom) return [["kernels", "got a list; expected null, or `kernel: custom`."]];
  const listed = settings.temperatures ?? settings.betas;
  const numMoved = listed?.length ?? (settings.rungs ?? 8) - (reference ? 1 : 0);
  if (kernels.length === numMoved) return [];
  const rungs = `${numMoved}, one for each rung${reference ? " but the reference" : ""}`;
  return [["kernels", `got a list of ${kernels.length}; expected ${rungs}.`]];
};

const listMistakes = (
  settings: LadderValues,
  key: "temperatures" | "betas",
): [key: string, message: string][] => {
  const { rungs, reference } = settings;
  const values = settings[key] ?? [];
  const sign = key === "betas" ? -1 : 1;
  const isMonotone = values.every((value, k) => k === 0 || sign * value > sign * (values[k - 1] ?? value));
  const length = values.length + (reference ? 1 : 0);
  if (values[0] !== 1 || !isMonotone) {
    return [
      [key, `got ${JSON.stringify(values)}; expected numbers that ${sign < 0 ? "fall" : "rise"} from 1.`],
    ];
  }
  if (length < 2) return [[key, "got one rung; expected at least two, the reference included."]];
  if (rungs === null || rungs === length) return [];
  return [["rungs", `got ${rungs} beside a list that makes ${length}; expected null or ${length}.`]];
};
