/**
 * Keys of the experiment file itself: top level, target entries, sampler entries, execution settings.
 *
 * Blocks that presets are merged into (`overrides`, `training`, `posterior`, …) are checked after the merge, so here
 * they are any mapping.
 */
import { z } from "zod";
import { flag, oneOf, orNull, wholeNumber, word, worded } from "./fields.ts";

/** Name of a preset; `kind` says which folder of presets it is looked up in. */
export const presetField = (kind: string): z.ZodString =>
  worded(z.string(), "the name of a preset", `Preset under \`${kind}/\`.`);

/** Names one stream of random numbers. */
export const seedField = (description: string): z.ZodNumber =>
  worded(
    z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
    "a whole number from 0 to 2^53 - 1, or a range such as 42..46",
    description,
  );

/** Arithmetic of the networks. */
export const precisionField = oneOf("Arithmetic of the networks in sampling.", ["float64", "float32"]);

/** A block that is checked after it is laid over presets. */
const layeredBlock = (expected: string, description: string) =>
  worded(z.record(z.string(), z.unknown()), expected, description).optional();

const presetOrMapping = "the name of a preset, or a mapping (with `preset:` for one below its keys)";
const trainingBlock = layeredBlock(presetOrMapping, "How w* is found; see `training`.");
const posteriorBlock = layeredBlock(presetOrMapping, "The posterior; see `posterior`.");
const samplingBlock = layeredBlock("a mapping", "What all samplers share; see `sampling`.");

/** A target after expansion of its lists. */
export const targetEntrySchema = z.strictObject({
  model: presetField("model"),
  data: presetField("data"),
  teacher: presetField("teacher").default("_null"),
  seed: seedField("Seed of data, teacher and initial weights."),
  training: trainingBlock,
  posterior: posteriorBlock,
  sampling: samplingBlock,
  overrides: layeredBlock(
    "a mapping",
    "Changes to the presets: keys `model`, `data`, `teacher`, `training`, `posterior`, `target`.",
  ),
});

/** A sampler after expansion of its lists. */
export const samplerEntrySchema = z.strictObject({
  name: word("Algorithm.", "the name of a sampler", /^\w{1,50}$/),
  preset: presetField("sampler").optional(),
  seed: seedField("Seed of the chains.").default(12_345),
  precision: precisionField.optional(),
  posterior: posteriorBlock,
  sampling: samplingBlock,
  overrides: layeredBlock("a mapping", "Changes to the sampler's preset."),
});

/** `overrides.target`, the Python project's way to name the quadratic target. */
export const targetOverrideSchema = z.strictObject({
  seed: seedField("In place of the entry's seed.").optional(),
  name: oneOf("Replaces the model by 1/2 ||w||^2.", ["quadratic"]).optional(),
  quad_dim: wholeNumber(
    "Dimension of that quadratic; otherwise the model's target_params or in_dim.",
    1,
  ).optional(),
});

/** Keys of a target's `overrides`. */
export const overrideKeys = ["model", "data", "teacher", "training", "posterior", "target"] as const;

const duration = /^(?:\d+:\d{2}:\d{2}|(?=\d)(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?)$/;

const timeLimit = (description: string) =>
  orNull(
    worded(
      z.union([
        z.number().positive(),
        z
          .string()
          .regex(duration)
          .refine((text) => Number(secondsOf(text)) > 0),
      ]),
      "seconds > 0 or a duration such as 90s, 30m, 2h, 1d12h or 02:00:00",
      description,
    ),
    "no limit",
  );

const memorySize = /^[1-9]\d*(?:\.\d+)? ?(?:MiB|GiB|TiB|MB|GB|TB|M|G|T)$/;

const taskResources = z.strictObject({
  threads: orNull(wholeNumber("Threads of one task.", 1, 4096), "as many as its slot has").default(null),
  memory: orNull(
    worded(
      z.union([z.number().int().min(1), z.string().regex(memorySize)]),
      "a number of MiB or a size such as 512MiB or 4GiB",
      "Memory that a task may hold before it is stopped.",
    ),
    "no limit",
  ).default(null),
});

/** `resources:` */
export const resourcesSchema = z.strictObject({
  build: taskResources.optional(),
  sample: taskResources.optional(),
});

/** `timeout:` as a mapping. */
export const timeoutSchema = z.strictObject({
  build: timeLimit("Time limit of building a target.").optional(),
  sample: timeLimit("Time limit of running a sampler on a target.").optional(),
});

/** Top-level keys whose values stand for themselves. */
export const topLevelSchema = z.strictObject({
  experiment: word(
    "Name of the experiment, a column of the results.",
    "a name of at most 100 letters, digits, spaces, dots, dashes and underscores",
    /^[\p{L}\p{N}_][\p{L}\p{N}_ .-]{0,99}$/u,
  ).default("dev"),
  store_root: word("Folder of the runs, relative to the working folder.", "a path", /^[^\0]+$/).default(
    "runs",
  ),
  precision: precisionField.optional(),
  jax_enable_x64: flag("Accepted spelling of precision: true is float64, false is float32.").optional(),
  training: trainingBlock,
  posterior: posteriorBlock,
  sampling: samplingBlock,
  resources: worded(
    resourcesSchema,
    "a mapping",
    "Limits of `build` and `sample` tasks; see `resources`.",
  ).optional(),
  timeout: timeLimit(
    "One time limit for both kinds of task, or a mapping with `build` and `sample`.",
  ).optional(),
  retries: wholeNumber("How often a failed task is tried again.", 0, 100).default(1),
  targets: worded(z.array(z.unknown()), "a list of at least one target", "N targets; see `targets[]`."),
  samplers: worded(
    z.array(z.unknown()),
    "a list of at least one sampler",
    "M samplers, each run on each target; see `samplers[]`.",
  ),
});

/** Memory as written → MiB. */
export const memoryMiBOf = (memory: number | string | null): number | null => {
  if (memory === null || typeof memory === "number") return memory;
  const [, digits = "", unit = ""] = /^([\d.]+) ?(\w+)$/.exec(memory) ?? [];
  const power = { M: 0, G: 1, T: 2 }[unit.charAt(0)] ?? 0;
  const isDecimal = unit.length === 2;
  const bytes = Number(digits) * (isDecimal ? 1e6 * 1000 ** power : 2 ** 20 * 1024 ** power);
  return Math.max(1, Math.floor(bytes / 2 ** 20));
};

/** Time limit as written → seconds. */
export const secondsOf = (limit: number | string | null): number | null => {
  if (limit === null || typeof limit === "number") return limit;
  if (limit.includes(":")) {
    const [hours = 0, minutes = 0, seconds = 0] = limit.split(":").map(Number);
    return hours * 3600 + minutes * 60 + seconds;
  }
  const unitSeconds = { d: 86_400, h: 3600, m: 60, s: 1 };
  let seconds = 0;
  for (const [, digits, unit] of limit.matchAll(/(\d+)([dhms])/g)) {
    seconds += Number(digits) * unitSeconds[unit as keyof typeof unitSeconds];
  }
  return seconds;
};
