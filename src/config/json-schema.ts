/**
 * JSON Schema of experiment files, for editors: `# yaml-language-server: $schema=experiment.schema.json`.
 *
 * It accepts what `loadExperiment` accepts as far as a JSON Schema can say it: lists where values expand, ranges of
 * seeds, partial blocks. Names of presets and combinations of keys are left to `config check`.
 */
import { z } from "zod";
import { dataSchema } from "./schema/data.ts";
import {
  presetField,
  resourcesSchema,
  samplerEntrySchema,
  targetEntrySchema,
  targetOverrideSchema,
  timeoutSchema,
  topLevelSchema,
} from "./schema/entries.ts";
import { descriptionOf, unwrap } from "./schema/fields.ts";
import { modelSchemas } from "./schema/model.ts";
import { posteriorSchema, samplerPosteriorSchema } from "./schema/posterior.ts";
import { samplerNames, samplerSchemas } from "./schema/sampler-table.ts";
import { samplingSchema } from "./schema/sampling.ts";
import { teacherSchema } from "./schema/teacher.ts";
import { trainingSchema } from "./schema/training.ts";

type Shape = Record<string, z.ZodType>;

/** A value, or a list of values that expands. */
const expandable = (schema: z.ZodType): z.ZodType =>
  z.union([schema, z.array(schema).min(1)]).describe(descriptionOf(schema));

/** Every key optional; with `expands`, every key may hold a list. */
const partialShape = (shape: Shape, expands: boolean): Shape =>
  Object.fromEntries(
    Object.entries(shape).map(([key, field]) => {
      const bare = withoutDefault(field);
      const inner = unwrap(bare);
      const value = inner instanceof z.ZodObject ? blockInside(inner, descriptionOf(bare), expands) : bare;
      return [key, (expands ? expandable(value) : value).optional()];
    }),
  );

/** A block as the value of a key: `sampling.until`. */
const blockInside = (inner: z.ZodObject, description: string, expands: boolean): z.ZodType =>
  z.union([partial(inner.shape, expands), z.null()]).describe(description);

/** Merged blocks get their defaults from presets, so that a default here would be a wrong promise. */
const withoutDefault = (schema: z.ZodType): z.ZodType => {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional)
    return withoutDefault(schema.unwrap() as z.ZodType);
  return schema;
};

const partial = (shape: Shape, expands: boolean) => z.strictObject(partialShape(shape, expands));

/** A block that may also be the name of a preset, or name one below its own keys. */
const withPreset = (kind: string, shape: Shape, expands: boolean): z.ZodType => {
  const keys = partial({ preset: presetField(kind), ...shape }, expands);
  const block = z.union([presetField(kind), keys, z.null()]);
  return expands ? z.union([block, z.array(block).min(1)]) : block;
};

const block = (schema: z.ZodObject): z.ZodType => z.union([partial(schema.shape, true), z.null()]);

/** A block of an entry: like any value there, a list of them expands. */
const expandableBlock = (keys: z.ZodType, description: string): z.ZodType =>
  z
    .union([keys, z.null(), z.array(z.union([keys, z.null()])).min(1)])
    .optional()
    .describe(description);

/** Keys of all kinds of a block in one; the kind decides which apply. */
const mergedShape = (schemas: readonly z.ZodObject[]): Shape => {
  const fields = new Map<string, z.ZodType[]>();
  for (const { shape } of schemas) {
    for (const [key, field] of Object.entries(shape as Shape))
      fields.set(key, [...(fields.get(key) ?? []), field]);
  }
  return Object.fromEntries([...fields].map(([key, alternatives]) => [key, mergedField(key, alternatives)]));
};

const mergedField = (key: string, alternatives: readonly z.ZodType[]): z.ZodType => {
  const [first] = alternatives as [z.ZodType];
  if (alternatives.length === 1) return first;
  if (key === "kind") {
    const names = alternatives.flatMap((field) => (unwrap(field) as z.ZodEnum).options);
    return z.enum(names as [string, ...string[]]).describe("Kind of model.");
  }
  return z.union(alternatives.map(withoutDefault) as [z.ZodType, z.ZodType]).describe(descriptionOf(first));
};

const seedRange = z.string().regex(/^\s*\d+\s*\.\.\s*\d+\s*$/);

const seeds = (schema: z.ZodType): z.ZodType => {
  const seed = z.union([withoutDefault(schema), seedRange]);
  return z
    .union([seed, z.array(seed).min(1)])
    .describe(`${descriptionOf(schema)} A range 42..46 is five seeds.`);
};

// One instance each, so that the JSON Schema refers to them instead of repeating them.
const trainingBlock = withPreset("training", trainingSchema.shape, true).optional();
const posteriorBlock = withPreset("posterior", posteriorSchema.shape, true).optional();
const samplingBlock = expandableBlock(partial(samplingSchema.shape, true), "What all samplers share.");

const targetEntry = (): z.ZodType => {
  const { model, data, teacher, seed } = targetEntrySchema.shape;
  const overrides = z.strictObject({
    model: block(z.strictObject(mergedShape(Object.values(modelSchemas)))).optional(),
    data: block(dataSchema).optional(),
    teacher: block(teacherSchema).optional(),
    training: trainingBlock,
    posterior: posteriorBlock,
    target: block(targetOverrideSchema).optional(),
  });
  return z.strictObject({
    model: expandable(model),
    data: expandable(data),
    teacher: z
      .union([expandable(withoutDefault(teacher)), z.null()])
      .optional()
      .describe(descriptionOf(teacher)),
    seed: seeds(seed),
    training: trainingBlock,
    posterior: posteriorBlock,
    sampling: samplingBlock,
    overrides: expandableBlock(overrides, "Changes to the presets."),
  });
};

const samplerEntry = (): z.ZodType => {
  const { preset, seed, precision } = samplerEntrySchema.shape;
  const name = z.enum(samplerNames as [string, ...string[]]).describe("Algorithm.");
  const settings = mergedShape([
    ...Object.values(samplerSchemas),
    z.strictObject({ dtype: withoutDefault(precision) }),
  ]);
  return z.strictObject({
    name: expandable(name),
    preset: expandable(withoutDefault(preset)).optional(),
    seed: seeds(seed).optional(),
    precision: expandable(withoutDefault(precision)).optional(),
    posterior: withPreset("posterior", samplerPosteriorSchema.shape, true).optional(),
    sampling: samplingBlock,
    overrides: expandableBlock(partial(settings, true), "Changes to the sampler's preset."),
  });
};

/** Schema of an experiment file, JSON Schema draft 7, with descriptions. */
export const experimentJsonSchema = (): Record<string, unknown> => {
  const { experiment, timeout, ...scalars } = topLevelSchema.shape;
  const schema = z.strictObject({
    // Which letters a name may have takes \p{L} to say, which validators outside JavaScript do not read.
    experiment: z.string().min(1).max(100).default("dev").describe(descriptionOf(experiment)),
    ...scalars,
    training: withPreset("training", trainingSchema.shape, false).optional(),
    posterior: withPreset("posterior", posteriorSchema.shape, false).optional(),
    sampling: z.union([partial(samplingSchema.shape, false), z.null()]).optional(),
    resources: z.union([resourcesSchema, z.null()]).optional(),
    timeout: z
      .union([withoutDefault(timeout), timeoutSchema])
      .optional()
      .describe(descriptionOf(timeout)),
    targets: z.array(targetEntry()).min(1).describe("N targets: data set, trained network, posterior."),
    samplers: z.array(samplerEntry()).min(1).describe("M samplers; each runs on each target."),
  });
  const json = z.toJSONSchema(schema, { target: "draft-7", io: "input" });
  return { title: "lambda-hat experiment", ...json };
};
