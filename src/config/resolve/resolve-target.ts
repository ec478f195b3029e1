/** One target entry (lists expanded) → its configuration, posterior and labels. */
import type { LossConfig, ResolvedTarget, TargetConfig } from "../experiment.ts";
import type { PresetKind } from "../presets.ts";
import { dataSchema } from "../schema/data.ts";
import { overrideKeys, targetEntrySchema, targetOverrideSchema } from "../schema/entries.ts";
import { isClosedForm, type ModelConfig } from "../schema/model.ts";
import { trainingSchema } from "../schema/training.ts";
import { unknownKey, validateBlock } from "../schema/validate-block.ts";
import { type LocatedMap, memberOf, mergeMaps, scalarAt } from "../source/located.ts";
import { blockOf, layersOf, type Resolution } from "./resolution.ts";
import { layerModel, resolveModel, resolveTeacher } from "./resolve-model.ts";
import { resolvePosterior, resolveSampling, type TargetPosterior } from "./resolve-posterior.ts";
import { checkTarget } from "./target-checks.ts";
import { titleOf } from "./titles.ts";

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
  const overrides = overridesOf(resolution, entry);
  const names = validateBlock(
    { name: "target", schema: targetEntrySchema },
    withoutPresetNames(entry),
    mistakes,
  );
  const blocks = blocksOf(resolution, entry, overrides);
  const chosen = chosenTarget(resolution, blocks, overrides);
  const training = trainingOf(resolution, { entry, overrides, defaults });
  const { loss, posterior } = resolvePosterior(resolution, [
    ...defaults.posterior,
    ...layersOf(resolution, "posterior", memberOf(entry, "posterior")),
    ...layersOf(resolution, "posterior", memberOf(overrides, "posterior")),
  ]);
  const sampling = resolveSampling(resolution, [defaults.sampling, blockOf(resolution, entry, "sampling")]);
  const { data, teacher } = blocks;
  const parts = { names, model: chosen.model, data: data.values, teacher: teacher.values, training };
  if (Object.values(parts).includes(null) || names === null || mistakes.length > before) return null;
  const { model } = chosen;
  if (model === null || data.values === null || teacher.values === null || training === null) return null;
  const config: TargetConfig = {
    model,
    data: data.values,
    teacher: teacher.values,
    training: { ...training, at: training.at ?? (model.kind === "mlp" ? "trained" : "teacher") },
    loss: lossConfigOf(loss, data.values),
    seed: chosen.seed ?? names.seed,
  };
  checkTarget(config, { entry, overrides, data: data.map, defaults }, mistakes);
  if (mistakes.length > before) return null;
  const label = { model: names.model, data: names.data, teacher: names.teacher, seed: config.seed };
  const teacherText = label.teacher === "_null" ? "" : ` teacher ${label.teacher}`;
  const title = titleOf(`${label.model}/${label.data}${teacherText} seed ${label.seed}`, entry);
  return { label, title, config: canonicalTarget(config), posterior, sampling };
};

/** `training: long` and `posterior: tight` name presets; the entry's schema knows them as mappings only. */
const withoutPresetNames = (entry: LocatedMap): LocatedMap => {
  const members = [...entry.members].filter(([key, { node }]) => {
    const isBlock = ["training", "posterior", "sampling", "overrides"].includes(key);
    return !isBlock || node.kind === "map";
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
  { entry, overrides }: { readonly entry: LocatedMap; readonly overrides: LocatedMap },
): LocatedMap | null => {
  const over = blockOf(resolution, overrides, kind);
  const missing = kind === "teacher" ? scalarAt(entry, "_null") : undefined;
  const name = memberOf(entry, kind) ?? missing;
  if (name?.kind !== "scalar" || typeof name.value !== "string") return null;
  const preset = resolution.shelf.load(kind, name.value, name);
  if (preset === null || over === undefined) return preset;
  return kind === "data" ? mergeMaps(preset, over) : layerModel(preset, over);
};

const blocksOf = (resolution: Resolution, entry: LocatedMap, overrides: LocatedMap) => {
  const sources = { entry, overrides };
  const data = presetUnder(resolution, "data", sources);
  const teacher = presetUnder(resolution, "teacher", sources);
  const { mistakes } = resolution;
  const dataBlock = { name: "data", schema: dataSchema };
  return {
    model: presetUnder(resolution, "model", sources),
    data: { map: data ?? entry, values: data === null ? null : validateBlock(dataBlock, data, mistakes) },
    teacher: { values: teacher === null ? null : resolveTeacher(teacher, mistakes) },
  };
};

/** The model and seed after `overrides.target`. */
const chosenTarget = (
  resolution: Resolution,
  blocks: { readonly model: LocatedMap | null },
  overrides: LocatedMap,
): { readonly model: ModelConfig | null; readonly seed: number | undefined } => {
  const block = blockOf(resolution, overrides, "target");
  const model = blocks.model === null ? null : resolveModel(blocks.model, resolution.mistakes);
  if (block === undefined) return { model, seed: undefined };
  const target = validateBlock(
    { name: "target override", schema: targetOverrideSchema },
    block,
    resolution.mistakes,
  );
  if (target?.name !== "quadratic" || model === null) {
    if (target?.quad_dim === undefined || target.name === "quadratic") return { model, seed: target?.seed };
    const { place, path } = memberOf(block, "quad_dim") ?? block;
    const text = `got ${target.quad_dim} without \`name: quadratic\`; expected both or none.`;
    resolution.mistakes.push({ place, path, text });
    return { model, seed: target.seed };
  }
  const inferred = model.kind === "mlp" ? (model.target_params ?? model.in_dim) : 1;
  const dim = target.quad_dim ?? inferred;
  return { model: { kind: "quadratic", dim, curvature: 1 }, seed: target.seed };
};

const trainingOf = (
  resolution: Resolution,
  { entry, overrides, defaults }: { entry: LocatedMap; overrides: LocatedMap; defaults: TargetDefaults },
) => {
  const layers = [
    ...defaults.training,
    ...layersOf(resolution, "training", memberOf(entry, "training")),
    ...layersOf(resolution, "training", memberOf(overrides, "training")),
  ];
  const [lowest, ...higher] = layers;
  if (lowest === undefined) return null;
  const merged = higher.reduce(mergeMaps, lowest);
  const training = validateBlock({ name: "training", schema: trainingSchema }, merged, resolution.mistakes);
  if (training !== null && training.momentum > 0 && training.optimizer !== "sgd") {
    const { place, path } = memberOf(merged, "momentum") ?? merged;
    const text = `got ${training.momentum} with optimizer ${training.optimizer}; expected 0: only sgd has momentum.`;
    resolution.mistakes.push({ place, path, text });
    return null;
  }
  return training;
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
