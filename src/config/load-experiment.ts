/**
 * Experiment file → checked, fully resolved experiment.
 *
 * Order of work: read, write `--set` values into the tree, check the top level, expand lists, and for each target and
 * sampler lay its blocks over presets and top level, then check the result. Nothing stops at the first mistake.
 */

import { type Located, type LocatedMap, memberOf, scalarAt, withoutMembers } from "../core/yaml/located.ts";
import { gotOf, type Mistake, throwMistakes, wrongValue } from "../core/yaml/mistakes.ts";
import { readYamlFile } from "../core/yaml/read-yaml.ts";
import { setValues } from "../core/yaml/set-values.ts";
import { type ExpansionRules, expandEntry, maxExpanded } from "./expand-entry.ts";
import { samplerRules, targetRules } from "./expansion-rules.ts";
import type { Experiment, Precision, ResolvedSampler, ResolvedTarget, ResourceLimits } from "./experiment.ts";
import { defaultPresetFolders, PresetShelf, shownPath } from "./presets.ts";
import { checkCells, type Placed } from "./resolve/check-cells.ts";
import { uniqueLabels } from "./resolve/labels.ts";
import { blockOf, layersOf, presetLayers, type Resolution } from "./resolve/resolution.ts";
import { resolveSampler } from "./resolve/resolve-sampler.ts";
import { resolveTarget, type TargetDefaults } from "./resolve/resolve-target.ts";
import { memoryMiBOf, secondsOf, timeoutSchema, topLevelSchema } from "./schema/entries.ts";
import { requireMap, validateBlock } from "./schema/validate-block.ts";

/** What may change an experiment from outside its file. */
export interface LoadOptions {
  /** `path=value` texts of `--set`, applied in order. */
  readonly sets?: readonly string[];
  /** Where presets are looked up, first wins; by default see `defaultPresetFolders`. */
  readonly presetFolders?: readonly string[];
}

const setRules = {
  presetBlocks: ["training", "posterior"],
  example: "samplers.0.overrides.draws=500",
  prefix: "",
};

/**
 * Loads and checks an experiment file.
 *
 * @throws NOT_FOUND without the file; CONFIG_INVALID with every mistake, one `file:line:column  path: got …; expected …`
 *   a line (`details.mistakes` holds the lines); USAGE for a `--set` that is not `path=value`.
 */
export const loadExperiment = (file: string, options: LoadOptions = {}): Experiment => {
  const mistakes: Mistake[] = [];
  const name = shownPath(file);
  const source = readYamlFile(file, name, mistakes);
  const root = setValues(source.root, options.sets ?? [], { mistakes, ...setRules });
  const shelf = new PresetShelf(options.presetFolders ?? defaultPresetFolders(file), mistakes);
  const resolution = { shelf, mistakes };

  const top = resolveTop(root, mistakes);
  const targets = resolveTargets(resolution, root);
  const samplers = resolveSamplers(resolution, root, top?.precision ?? "float64");
  if (top !== null && mistakes.length === 0)
    checkCells(targets, samplers, { root, timeoutSec: top.resources.sample.timeoutSec, mistakes });
  throwMistakes(name, mistakes);
  if (top === null) throw new Error("bug: the top level is wrong, but no mistake was found");
  return {
    ...top,
    targets: uniqueLabels(targets.map(resolvedOf), ({ config, posterior, sampling }) => ({
      config,
      posterior,
      sampling,
    })),
    samplers: uniqueLabels(samplers.map(resolvedOf), ({ label: _label, place: _place, ...content }) => ({
      ...content,
    })),
    sourceText: source.text,
    file: name,
  };
};

type TopLevel = Pick<Experiment, "name" | "storeRoot" | "precision" | "resources" | "retries">;

/** Targets and samplers are checked one by one, after their lists are expanded. */
const topLevelBlock = {
  name: "experiment",
  schema: topLevelSchema.partial({ targets: true, samplers: true }),
};

const resolveTop = (root: LocatedMap, mistakes: Mistake[]): TopLevel | null => {
  const timeoutNode = memberOf(root, "timeout");
  const timeoutMap = timeoutNode?.kind === "map" ? timeoutNode : undefined;
  // The name of a preset, or what is no mapping: the block itself has something to say about that.
  const noMaps = ["training", "posterior", "sampling"].filter((key) => memberOf(root, key)?.kind !== "map");
  const nulls = [...root.members.keys()].filter((key) => memberOf(root, key) === undefined);
  const skipped = [
    "targets",
    "samplers",
    ...noMaps,
    ...nulls,
    ...(timeoutMap === undefined ? [] : ["timeout"]),
  ];
  const top = validateBlock(topLevelBlock, withoutMembers(root, skipped), mistakes);
  const limits =
    timeoutMap === undefined
      ? { build: top?.timeout ?? null, sample: top?.timeout ?? null }
      : validateBlock({ name: "timeout", schema: timeoutSchema }, timeoutMap, mistakes);
  const precision = precisionOf(root, mistakes);
  if (top === null || limits === null) return null;
  const limitsOf = (kind: "build" | "sample"): ResourceLimits => ({
    threads: top.resources?.[kind]?.threads ?? null,
    memoryMiB: memoryMiBOf(top.resources?.[kind]?.memory ?? null),
    timeoutSec: secondsOf(limits[kind] ?? null),
  });
  return {
    name: top.experiment,
    storeRoot: top.store_root,
    precision,
    resources: { build: limitsOf("build"), sample: limitsOf("sample") },
    retries: top.retries,
  };
};

/** `precision`, or its older spelling; both only if they agree. */
const precisionOf = (root: LocatedMap, mistakes: Mistake[]): Precision => {
  const flagNode = memberOf(root, "jax_enable_x64");
  const flag = flagNode?.kind === "scalar" ? flagNode.value : undefined;
  const spelt = flag === false ? "float32" : "float64";
  const node = memberOf(root, "precision");
  const precision = node?.kind === "scalar" ? node.value : undefined;
  if (precision !== "float64" && precision !== "float32") return spelt;
  if (flagNode !== undefined && typeof flag === "boolean" && precision !== spelt) {
    const text = `got ${gotOf(flagNode)}, which means ${spelt}, together with precision ${precision}; expected one of the two.`;
    mistakes.push({ place: flagNode.place, path: flagNode.path, text });
  }
  return precision;
};

const resolveTargets = (resolution: Resolution, root: LocatedMap): Placed<ResolvedTarget>[] => {
  const defaults = defaultsOf(resolution, root);
  return placed(entriesOf(resolution, root, { key: "targets", rules: targetRules }), (entry) =>
    resolveTarget(resolution, entry, defaults),
  );
};

const resolveSamplers = (
  resolution: Resolution,
  root: LocatedMap,
  precision: Precision,
): Placed<ResolvedSampler>[] =>
  placed(entriesOf(resolution, root, { key: "samplers", rules: samplerRules }), (entry) =>
    resolveSampler(resolution, entry, precision),
  );

/** Entries that could be resolved, each with what it stands for. */
const placed = <Resolved>(
  entries: readonly LocatedMap[],
  resolve: (entry: LocatedMap) => Resolved | null,
): Placed<Resolved>[] =>
  entries.flatMap((entry) => {
    const resolved = resolve(entry);
    return resolved === null ? [] : [{ entry, resolved }];
  });

const resolvedOf = <Resolved>({ resolved }: Placed<Resolved>): Resolved => resolved;

const defaultsOf = (resolution: Resolution, root: LocatedMap): TargetDefaults => {
  const base = scalarAt(root, "base");
  const layers = (kind: "training" | "posterior"): LocatedMap[] => [
    ...presetLayers(resolution, kind, base),
    ...layersOf(resolution, kind, memberOf(root, kind)),
  ];
  return {
    training: layers("training"),
    posterior: layers("posterior"),
    sampling: blockOf(resolution, root, "sampling"),
  };
};

/** The entries of `targets` or `samplers`, lists expanded. */
const entriesOf = (
  { mistakes }: Resolution,
  root: LocatedMap,
  { key, rules }: { readonly key: "targets" | "samplers"; readonly rules: ExpansionRules },
): LocatedMap[] => {
  const node: Located | undefined = memberOf(root, key);
  if (node === undefined) {
    const text = `got no ${key}; expected a list of at least one.`;
    mistakes.push({ place: root.members.get(key)?.keyPlace ?? root.place, path: key, text });
    return [];
  }
  if (node.kind !== "list" || node.items.length === 0) {
    mistakes.push(wrongValue(node, `a list of at least one of the ${key}`));
    return [];
  }
  const maps = node.items.map((item) => requireMap(item, mistakes)).filter((item) => item !== null);
  const entries = maps.flatMap((entry) => expandEntry(entry, rules, mistakes));
  if (entries.length <= maxExpanded) return entries;
  const text = `got ${entries.length} ${key} after expansion; expected at most ${maxExpanded}. Split the file.`;
  mistakes.push({ place: node.place, path: node.path, text });
  return [];
};
