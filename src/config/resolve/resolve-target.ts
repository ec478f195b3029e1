/** One target entry (lists expanded) → its configuration, posterior and label. */
import type { z } from "zod";
import { isNull, type LocatedMap, memberOf, mergeMaps, scalarAt } from "../../core/yaml/located.ts";
import type { LossConfig, ResolvedTarget, TargetConfig } from "../experiment.ts";
import type { PresetKind } from "../presets.ts";
import { type DataConfig, dataSchema } from "../schema/data.ts";
import { overrideKeys, targetEntrySchema, targetOverrideSchema } from "../schema/entries.ts";
import { isClosedForm, type ModelConfig } from "../schema/model.ts";
import type { TeacherConfig } from "../schema/teacher.ts";
import { type TrainingBlock, trainingSchema } from "../schema/training.ts";
import { unknownKey, validateBlock } from "../schema/validate-block.ts";
import { labelOf } from "./labels.ts";
import { blockOf, layersOf, type Resolution } from "./resolution.ts";
import { layerModel, resolveModel, resolveTeacher } from "./resolve-model.ts";
import { resolvePosterior, resolveSampling, type TargetPosterior } from "./resolve-posterior.ts";
import { checkTarget } from "./target-checks.ts";

/** Layers under every target: the preset `base`, then the top level of the file. */
export interface TargetDefaults {
  readonly training: readonly LocatedMap[];
  readonly posterior: readonly LocatedMap[];
  readonly sampling: LocatedMap | undefined;
}

/** Null after a mistake. */
export const resolveTarget = (
  resolution: Resolution,
  entry: LocatedMap,
  defaults: TargetDefaults,
): ResolvedTarget | null => {
  const { mistakes } = resolution;
  const before = mistakes.length;
  const sources = { entry, overrides: overridesOf(resolution, entry), defaults };
  const entryBlock = { name: "target", schema: targetEntrySchema };
  const names = validateBlock(entryBlock, plainEntry(entry), mistakes);
  const { loss, posterior } = posteriorOf(resolution, sources);
  const sampling = resolveSampling(resolution, [defaults.sampling, blockOf(resolution, entry, "sampling")]);
  const config = configOf(resolution, sources, { seed: names?.seed ?? 0, loss });
  if (names === null || config === null || mistakes.length > before) return null;
  const { model, data, teacher } = names;
  const teacherText = teacher === "_null" ? "" : ` teacher ${teacher}`;
  const label = labelOf(`${model}/${data}${teacherText} seed ${config.seed}`, entry);
  const presets = { model, data, teacher };
  return { presets, label, config: canonicalTarget(config), posterior, sampling };
};

interface Sources {
  readonly entry: LocatedMap;
  readonly overrides: LocatedMap;
  readonly defaults: TargetDefaults;
}

const posteriorOf = (resolution: Resolution, { entry, overrides, defaults }: Sources): TargetPosterior =>
  resolvePosterior(resolution, [
    ...defaults.posterior,
    ...layersOf(resolution, "posterior", memberOf(entry, "posterior")),
    ...layersOf(resolution, "posterior", memberOf(overrides, "posterior")),
  ]);

/** The configuration as written, checked; null after a mistake. Every block is checked even if one is wrong. */
const configOf = (
  resolution: Resolution,
  sources: Sources,
  { seed, loss }: { readonly seed: number; readonly loss: TargetPosterior["loss"] },
): TargetConfig | null => {
  const { mistakes } = resolution;
  const before = mistakes.length;
  const data = dataOf(resolution, sources);
  const teacher = teacherOf(resolution, sources);
  const named = targetOverrideOf(resolution, sources.overrides);
  const model = modelOf(resolution, sources, named);
  const training = trainingOf(resolution, sources);
  if (model === null || data === null || teacher === null || training === null) return null;
  const config: TargetConfig = {
    model,
    data: data.values,
    teacher,
    training: { ...training, at: training.at ?? (model.kind === "mlp" ? "trained" : "teacher") },
    loss: lossConfigOf(loss, data.values),
    seed: named?.seed ?? seed,
  };
  checkTarget(config, { ...sources, data: data.map }, mistakes);
  return mistakes.length > before ? null : config;
};

/**
 * The entry as its schema knows it: keys without a value are absent, and blocks are mappings (`training: long` and
 * `posterior: tight` name presets, which are checked where they are loaded).
 */
const plainEntry = (entry: LocatedMap): LocatedMap => {
  const members = [...entry.members].filter(([key, { node }]) => {
    const isBlock = ["training", "posterior", "sampling", "overrides"].includes(key);
    return isBlock ? node.kind === "map" : !isNull(node);
  });
  return { ...entry, members: new Map(members) };
};

const overridesOf = (resolution: Resolution, entry: LocatedMap): LocatedMap => {
  const overrides = blockOf(resolution, entry, "overrides");
  if (overrides === undefined)
    return { kind: "map", place: entry.place, path: entry.path, members: new Map() };
  for (const key of overrides.members.keys()) {
    if ((overrideKeys as readonly string[]).includes(key)) continue;
    resolution.mistakes.push(unknownKey({ block: "overrides", key, known: overrideKeys }, overrides));
  }
  return overrides;
};

/** The preset of a kind under the entry's overrides; null (with a mistake) if there is no such preset. */
const presetUnder = (
  resolution: Resolution,
  kind: PresetKind,
  { entry, overrides }: Sources,
): LocatedMap | null => {
  const over = blockOf(resolution, overrides, kind);
  const missing = kind === "teacher" ? scalarAt(entry, "_null") : undefined;
  const name = memberOf(entry, kind) ?? missing;
  if (name?.kind !== "scalar" || typeof name.value !== "string") return null;
  const preset = resolution.shelf.load(kind, name.value, name);
  if (preset === null || over === undefined) return preset;
  return kind === "data" ? mergeMaps(preset, over) : layerModel(preset, over);
};

const dataOf = (
  resolution: Resolution,
  sources: Sources,
): { readonly map: LocatedMap; readonly values: DataConfig } | null => {
  const map = presetUnder(resolution, "data", sources);
  if (map === null) return null;
  const values = validateBlock({ name: "data", schema: dataSchema }, map, resolution.mistakes);
  return values === null ? null : { map, values };
};

const teacherOf = (resolution: Resolution, sources: Sources): TeacherConfig | null => {
  const map = presetUnder(resolution, "teacher", sources);
  return map === null ? null : resolveTeacher(map, resolution.mistakes);
};

type TargetOverride = z.output<typeof targetOverrideSchema>;

const targetOverrideOf = (resolution: Resolution, overrides: LocatedMap): TargetOverride | null => {
  const block = blockOf(resolution, overrides, "target");
  if (block === undefined) return null;
  const schema = { name: "target override", schema: targetOverrideSchema };
  const target = validateBlock(schema, block, resolution.mistakes);
  if (target?.quad_dim !== undefined && target.name === undefined) {
    const { place, path } = memberOf(block, "quad_dim") ?? block;
    const text = `got ${target.quad_dim} without \`name: quadratic\`; expected both or none.`;
    resolution.mistakes.push({ place, path, text });
  }
  return target;
};

/** The preset's model under its overrides, or the quadratic that `overrides.target` names. */
const modelOf = (
  resolution: Resolution,
  sources: Sources,
  named: TargetOverride | null,
): ModelConfig | null => {
  const map = presetUnder(resolution, "model", sources);
  const model = map && resolveModel(map, resolution.mistakes);
  if (model === null || named?.name === undefined) return model;
  const inferred = model.kind === "mlp" ? (model.target_params ?? model.in_dim) : 1;
  return { kind: "quadratic", dim: named.quad_dim ?? inferred, curvature: 1 };
};

const trainingOf = (
  resolution: Resolution,
  { entry, overrides, defaults }: Sources,
): TrainingBlock | null => {
  const [lowest, ...higher] = [
    ...defaults.training,
    ...layersOf(resolution, "training", memberOf(entry, "training")),
    ...layersOf(resolution, "training", memberOf(overrides, "training")),
  ];
  if (lowest === undefined) return null;
  const merged = higher.reduce(mergeMaps, lowest);
  const training = validateBlock({ name: "training", schema: trainingSchema }, merged, resolution.mistakes);
  if (training === null || training.momentum === 0 || training.optimizer === "sgd") return training;
  const { place, path } = memberOf(merged, "momentum") ?? merged;
  const text = `got ${training.momentum} with optimizer ${training.optimizer}; expected 0: only sgd has momentum.`;
  resolution.mistakes.push({ place, path, text });
  return null;
};

const lossConfigOf = (
  kind: TargetPosterior["loss"],
  data: { readonly student_df: number; readonly noise_scale: number },
): LossConfig =>
  kind === "t_regression" ? { kind, df: data.student_df, scale: data.noise_scale } : { kind };

/** Closed forms use nothing but the number of data, so that everything else is the same for all of them. */
const canonicalTarget = (config: TargetConfig): TargetConfig => {
  if (!isClosedForm(config.model.kind)) return config;
  return {
    model: config.model,
    data: dataSchema.parse({ n_data: config.data.n_data }),
    teacher: {},
    training: { ...trainingSchema.parse({}), at: "teacher" },
    loss: { kind: "mse" },
    seed: config.seed,
  };
};
