/**
 * Tables of every key, its values, its default and its meaning, from the schemas: part of `config/README.md`, which a
 * test compares with them, and what `config schema --markdown` prints.
 */
import type { z } from "zod";
import { plainOf, scalarAt } from "../core/yaml/located.ts";
import { listPresets, PresetShelf, packagedPresets, presetKinds } from "./presets.ts";
import { dataSchema } from "./schema/data.ts";
import {
  resourcesSchema,
  samplerEntrySchema,
  targetEntrySchema,
  targetOverrideSchema,
  topLevelSchema,
} from "./schema/entries.ts";
import { descriptionOf, expectedOf, unwrap } from "./schema/fields.ts";
import { modelSchemas } from "./schema/model.ts";
import { posteriorDefaults, posteriorSchema } from "./schema/posterior.ts";
import { samplerSchemas } from "./schema/sampler-table.ts";
import { samplingDefaults, samplingSchema, untilSchema } from "./schema/sampling.ts";
import { teacherSchema } from "./schema/teacher.ts";
import { trainingSchema } from "./schema/training.ts";

/** Markdown: one table a block, in the order of the file, then the presets that come with the package. */
export const formatKeyTables = (): string => {
  const sections = [
    section("Top level", topLevelSchema),
    section("`targets[]`", targetEntrySchema),
    section("`samplers[]`", samplerEntrySchema),
    section("`posterior`", posteriorSchema, { loss: "mse", ...posteriorDefaults, parameters: null }),
    section("`sampling`", samplingSchema, samplingDefaults),
    section("`sampling.until`", untilSchema),
    section("`training`", trainingSchema),
    section("`resources.build`, `resources.sample`", unwrap(resourcesSchema.shape.build) as z.ZodObject),
    ...Object.entries(modelSchemas).map(([kind, schema]) => section(`\`model\`, kind ${kind}`, schema)),
    section("`data`", dataSchema),
    section("`teacher`", teacherSchema),
    section("`overrides.target`", targetOverrideSchema),
    ...Object.entries(samplerSchemas).map(([name, schema]) =>
      section(`\`overrides\` of sampler ${name}`, schema, samplerPreset(name)),
    ),
    presetTable(),
  ];
  return `${sections.join("\n\n")}\n`;
};

type Values = Readonly<Record<string, unknown>>;

/** One table; `values` take precedence over the defaults of the schema. */
const section = (title: string, schema: z.ZodObject, values: Values = {}): string => {
  const rows = Object.entries(schema.shape as Record<string, z.ZodType>).map(([key, field]) => {
    const value = key in values ? values[key] : defaultOf(field);
    const cells = [
      `\`${key}\``,
      expectedText(field),
      value === undefined ? "" : `\`${JSON.stringify(value)}\``,
    ];
    return `| ${[...cells, descriptionOf(field)].map(escapeCell).join(" | ")} |`;
  });
  return [
    `### ${title}`,
    "",
    "| key | value | default | meaning |",
    "| --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
};

const escapeCell = (text: string): string => text.replaceAll("|", "\\|");

const expectedText = (field: z.ZodType): string => expectedOf(field).replace(/^(?:a|an|the) /, "");

const defaultOf = (field: z.ZodType): unknown => {
  const parsed = field.safeParse(undefined);
  return parsed.success ? parsed.data : undefined;
};

/** What the preset of a sampler's own name sets. */
const samplerPreset = (name: string): Values => {
  const shelf = new PresetShelf([packagedPresets], []);
  if (!shelf.has("sampler", name)) return {};
  const place = { place: { file: name, line: 0, column: 0 }, path: "" };
  const preset = shelf.load("sampler", name, scalarAt(place, name));
  return preset === null ? {} : (plainOf(preset) as Values);
};

const presetTable = (): string => {
  const rows = presetKinds.flatMap((kind) =>
    listPresets([packagedPresets])
      .filter((preset) => preset.kind === kind)
      .map(({ name, description }) => `| ${kind} | \`${name}\` | ${escapeCell(description)} |`),
  );
  return ["### Presets", "", "| kind | name | what it is |", "| --- | --- | --- |", ...rows].join("\n");
};
