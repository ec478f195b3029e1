/** One sampler entry (lists expanded) → its settings and what it changes in posterior and sampling. */

import { emptyMapAt, type LocatedMap, memberOf, mergeMaps, withoutMembers } from "../../core/yaml/located.ts";
import { formatPlace, quote, wrongValue } from "../../core/yaml/mistakes.ts";
import { suggestName } from "../../core/yaml/nearest-name.ts";
import type { Precision, ResolvedSampler, SamplerSettings } from "../experiment.ts";
import { samplerEntrySchema } from "../schema/entries.ts";
import { samplerNames, samplerSchemas } from "../schema/sampler-table.ts";
import { validateBlock } from "../schema/validate-block.ts";
import { labelOf } from "./labels.ts";
import { blockOf, layersOf, presetLayers, type Resolution } from "./resolution.ts";
import { resolveSamplerPosterior, resolveSamplerSampling } from "./resolve-posterior.ts";

/** Null after a mistake. */
export const resolveSampler = (
  resolution: Resolution,
  entry: LocatedMap,
  precision: Precision,
): ResolvedSampler | null => {
  const { mistakes } = resolution;
  const before = mistakes.length;
  // A name of a preset, or what is no mapping: the block itself has something to say about that.
  const plain = withoutMembers(
    entry,
    ["overrides", "sampling", "posterior"].filter((key) => memberOf(entry, key)?.kind !== "map"),
  );
  const own = validateBlock(
    { name: "sampler entry", schema: samplerEntrySchema },
    withoutNulls(plain),
    mistakes,
  );
  const settings = settingsOf(resolution, entry);
  const posterior = resolveSamplerPosterior(
    resolution,
    layersOf(resolution, "posterior", memberOf(entry, "posterior")).map(withoutPresetLoss),
  );
  const sampling = resolveSamplerSampling(resolution, blockOf(resolution, entry, "sampling"));
  if (own === null || settings === null || mistakes.length > before) return null;
  const seedText = memberOf(entry, "seed") === undefined ? "" : ` seed ${own.seed}`;
  return {
    name: own.name,
    label: labelOf(`${own.name}${seedText}`, entry),
    settings: settings.values,
    seed: own.seed,
    precision: own.precision ?? settings.precision ?? precision,
    posterior,
    sampling,
    place: formatPlace(entry.place),
  };
};

const memberText = (map: LocatedMap, key: string): unknown => {
  const node = memberOf(map, key);
  return node?.kind === "scalar" ? node.value : undefined;
};

/** `overrides:` with nothing after it is no override. */
const withoutNulls = (entry: LocatedMap): LocatedMap =>
  withoutMembers(
    entry,
    [...entry.members.keys()].filter((key) => memberOf(entry, key) === undefined),
  );

/** Posterior presets also serve targets and may name a loss; of a sampler only a loss of its own is refused. */
const withoutPresetLoss = (layer: LocatedMap): LocatedMap =>
  layer.path === "" ? withoutMembers(layer, ["loss"]) : layer;

interface ResolvedSettings {
  readonly values: SamplerSettings;
  /** From `dtype` among the overrides. */
  readonly precision: Precision | undefined;
}

const settingsOf = (resolution: Resolution, entry: LocatedMap): ResolvedSettings | null => {
  const { mistakes } = resolution;
  const nameNode = memberOf(entry, "name");
  const name = memberText(entry, "name");
  if (nameNode === undefined || typeof name !== "string") return null;
  const schema = samplerSchemas[name];
  if (schema === undefined || !samplerNames.includes(name)) {
    const mistake = wrongValue(nameNode, `one of ${samplerNames.join(", ")}`);
    mistakes.push({ ...mistake, text: mistake.text + suggestName(name, samplerNames) });
    return null;
  }
  const preset = presetOf(resolution, entry, name);
  const overrides = blockOf(resolution, entry, "overrides") ?? emptyMapAt(entry);
  const precision = dtypeOf(resolution, overrides);
  const merged = mergeMaps(preset ?? emptyMapAt(overrides), withoutMembers(overrides, ["dtype"]));
  const values = validateBlock({ name: "sampler", schema, origin: overrides }, merged, mistakes);
  return values === null ? null : { values: values as SamplerSettings, precision };
};

/** The preset that is asked for, or the one called like the sampler if there is one; without its `name`. */
const presetOf = (resolution: Resolution, entry: LocatedMap, name: string): LocatedMap | undefined => {
  const asked = memberOf(entry, "preset");
  const nameNode = memberOf(entry, "name");
  if (nameNode === undefined || (asked === undefined && !resolution.shelf.has("sampler", name)))
    return undefined;
  const [preset] = presetLayers(resolution, "sampler", asked ?? nameNode);
  if (preset === undefined) return undefined;
  const owner = memberText(preset, "name");
  if (owner === name) return withoutMembers(preset, ["name"]);
  const { place, path } = asked ?? preset;
  const got = typeof owner === "string" ? `a preset of ${quote(owner)}` : "a preset that names no sampler";
  resolution.mistakes.push({ place, path, text: `got ${got}; expected one with \`name: ${name}\`.` });
  return undefined;
};

/** `dtype`, the Python project's spelling of a sampler's precision. */
const dtypeOf = (resolution: Resolution, overrides: LocatedMap): Precision | undefined => {
  const node = memberOf(overrides, "dtype");
  if (node === undefined) return undefined;
  if (node.kind === "scalar" && (node.value === "float64" || node.value === "float32")) return node.value;
  resolution.mistakes.push(
    wrongValue(node, "one of float64, float32 (better written as `precision:` of the sampler)"),
  );
  return undefined;
};
