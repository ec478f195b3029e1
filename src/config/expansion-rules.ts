/** Which keys of targets and samplers expand, derived from their schemas. */
import type { z } from "zod";
import type { ExpansionRules } from "./expand-entry.ts";
import { isListField } from "./schema/fields.ts";
import { modelSchemas } from "./schema/model.ts";
import { samplerSchemas } from "./schema/sampler-table.ts";
import { teacherSchema } from "./schema/teacher.ts";

const listKeysOf = (schemas: readonly z.ZodObject[]): ReadonlySet<string> =>
  new Set(
    schemas.flatMap(({ shape }) => Object.keys(shape).filter((key) => isListField(shape[key] as z.ZodType))),
  );

/** Expansion of target entries. */
export const targetRules: ExpansionRules = {
  order: ["model", "data", "teacher", "training", "posterior", "sampling", "overrides", "seed"],
  blocks: ["training", "posterior", "sampling", "overrides"],
  listKeys: listKeysOf([...Object.values(modelSchemas), teacherSchema]),
};

/** Expansion of sampler entries. */
export const samplerRules: ExpansionRules = {
  order: ["name", "preset", "precision", "posterior", "sampling", "overrides", "seed"],
  blocks: ["posterior", "sampling", "overrides"],
  listKeys: listKeysOf(Object.values(samplerSchemas)),
};
