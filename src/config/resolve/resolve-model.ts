/**
 * Layers of `model` and `teacher` → their configurations.
 *
 * `widths`, `depth` with `target_params`, and `depth` with `hidden` are three ways to say how wide a network is. The
 * highest layer that says it decides; two ways in one layer contradict each other and are refused.
 */
import type { z } from "zod";
import {
  emptyMapAt,
  hasValue,
  joinPath,
  type LocatedMap,
  memberOf,
  mergeMaps,
  withoutMembers,
} from "../../core/yaml/located.ts";
import { type Mistake, wrongValue } from "../../core/yaml/mistakes.ts";
import { suggestName } from "../../core/yaml/nearest-name.ts";
import {
  type DeepLinearModel,
  type MlpBlock,
  type MlpModel,
  type ModelBlock,
  type ModelConfig,
  type ModelKind,
  modelKinds,
  modelSchemas,
  type QuadraticModel,
} from "../schema/model.ts";
import { type TeacherConfig, teacherSchema } from "../schema/teacher.ts";
import { validateBlock } from "../schema/validate-block.ts";

/** Kind of a model block; a wrong one is left to `resolveModel`. */
const kindOf = (map: LocatedMap): string => {
  const node = memberOf(map, "kind");
  return node?.kind === "scalar" ? String(node.value) : "mlp";
};

/** `over` laid on `base`, as the header says. A layer of another `kind` starts afresh. */
export const layerModel = (base: LocatedMap, over: LocatedMap): LocatedMap => {
  if (hasValue(over, "kind") && kindOf(over) !== kindOf(base)) return mergeMaps(emptyMapAt(over), over);
  const isMlp = kindOf(base) === "mlp";
  return mergeMaps(isMlp ? withoutMembers(base, decidedKeys(over)) : base, over);
};

/** Keys of the layers below that say how wide a network is, and no longer hold under `over`. */
const decidedKeys = (over: LocatedMap): string[] => {
  const decided: string[] = [];
  if (hasValue(over, "widths")) decided.push("depth", "target_params", "hidden");
  if (["depth", "target_params", "hidden"].some((key) => hasValue(over, key))) decided.push("widths");
  if (hasValue(over, "target_params")) decided.push("hidden");
  if (hasValue(over, "hidden")) decided.push("target_params");
  return decided;
};

/** Merged model block → configuration; null after a mistake. */
export const resolveModel = (map: LocatedMap, mistakes: Mistake[]): ModelConfig | null => {
  const kind = kindOf(map);
  if (!isModelKind(kind)) {
    const node = memberOf(map, "kind") ?? map;
    const mistake = wrongValue(node, `one of ${modelKinds.join(", ")}`);
    mistakes.push({ ...mistake, text: mistake.text + suggestName(kind, modelKinds) });
    return null;
  }
  const schema: z.ZodType<ModelBlock> = modelSchemas[kind];
  const model = validateBlock({ name: "model", schema }, map, mistakes);
  if (model === null) return null;
  const before = mistakes.length;
  refuseCombinations(model, refuser(map, mistakes));
  if (mistakes.length > before) return null;
  return model.kind === "mlp" ? canonicalMlp(model) : model;
};

const refuseCombinations = (model: ModelBlock, refuse: Refuse): void => {
  switch (model.kind) {
    case "mlp":
      return refuseWidths(model, refuse);
    case "deep_linear":
      return refuseRank(model, refuse);
    case "quadratic":
      return refuseCurvature(model, refuse);
    default:
      if (model.exponents.some((exponent) => exponent > 0)) return;
      refuse("exponents", "got zeros only; expected at least one exponent > 0.");
  }
};

const isModelKind = (kind: string): kind is ModelKind => Object.hasOwn(modelSchemas, kind);

/** Says what is wrong with a key, at its place or at the block's. */
type Refuse = (key: string, text: string) => void;

const refuser =
  (map: LocatedMap, mistakes: Mistake[]): Refuse =>
  (key, text) => {
    const { place } = memberOf(map, key) ?? map;
    const path = memberOf(map, key)?.path ?? joinPath(map.path, key);
    mistakes.push({ place, path, text });
  };

interface WidthChoice {
  readonly depth?: number | null | undefined;
  readonly widths?: readonly number[] | null | undefined;
  readonly target_params?: number | null | undefined;
  readonly hidden?: number | null | undefined;
}

const refuseContradictions = (choice: WidthChoice, refuse: Refuse): void => {
  const { depth, widths, target_params, hidden } = choice;
  const refusePair = (key: "target_params" | "hidden", other: string): void =>
    refuse(key, `got ${choice[key]} together with ${other}, which sets the width; expected one of the two.`);
  if (isGiven(widths)) {
    if (isGiven(depth) && depth !== widths.length) {
      refuse("depth", `got ${depth} with ${widths.length} widths; expected ${widths.length}, or no depth.`);
    }
    if (isGiven(target_params)) refusePair("target_params", "widths");
    if (isGiven(hidden)) refusePair("hidden", "widths");
  } else if (isGiven(hidden) && isGiven(target_params)) {
    refusePair("hidden", "target_params");
  }
};

const isGiven = <T>(value: T | null | undefined): value is T => value !== null && value !== undefined;

const refuseWidths = (model: MlpBlock, refuse: Refuse): void => {
  refuseContradictions(model, refuse);
  const { depth, widths, target_params, hidden } = model;
  if (widths !== null) return;
  if (depth === null) refuse("depth", "got no value; expected a number of hidden layers, or widths.");
  if (depth !== null && depth > 0 && target_params === null && hidden === null) {
    refuse("widths", "got no widths; expected one of widths, target_params or hidden.");
  }
};

/** Equal networks get equal configurations where the file's keys alone can tell. */
const canonicalMlp = (model: MlpBlock): MlpModel => {
  const depth = model.widths?.length ?? model.depth ?? 0;
  const isLinear = depth === 0;
  return {
    ...model,
    depth,
    widths: isLinear ? null : model.widths,
    target_params: isLinear ? null : model.target_params,
    hidden: isLinear ? null : model.hidden,
    activation: model.activation === "none" ? "identity" : model.activation,
  };
};

const refuseRank = ({ rank, widths }: DeepLinearModel, refuse: Refuse): void => {
  const least = widths.reduce((smallest, width) => Math.min(smallest, width));
  if (rank > least) refuse("rank", `got ${rank}; expected at most ${least}, the smallest width.`);
};

const refuseCurvature = ({ dim, curvature }: QuadraticModel, refuse: Refuse): void => {
  if (typeof curvature === "number" || curvature.length === dim) return;
  refuse("curvature", `got ${curvature.length} numbers; expected one number, or ${dim} (dim).`);
};

/** Merged teacher block → configuration without nulls; null after a mistake. */
export const resolveTeacher = (map: LocatedMap, mistakes: Mistake[]): TeacherConfig | null => {
  const teacher = validateBlock({ name: "teacher", schema: teacherSchema }, map, mistakes);
  if (teacher === null) return null;
  const before = mistakes.length;
  refuseContradictions(teacher, refuser(map, mistakes));
  if (mistakes.length > before) return null;
  const given = Object.entries(teacher).filter(([, value]) => value !== null && value !== undefined);
  const { activation, ...rest } = Object.fromEntries(given) as TeacherConfig;
  if (activation === undefined) return rest;
  return { ...rest, activation: activation === "none" ? "identity" : activation };
};
