/** Combinations of settings of a target that contradict each other, each refused at the key to change. */

import { type Located, type LocatedMap, memberOf, nearestNode } from "../../core/yaml/located.ts";
import { gotOf, type Mistake } from "../../core/yaml/mistakes.ts";
import type { TargetConfig } from "../experiment.ts";
import { isClosedForm, type MlpModel } from "../schema/model.ts";

/** Where a target's settings were written. */
export interface TargetSources {
  readonly entry: LocatedMap;
  readonly overrides: LocatedMap;
  /** Preset of `data` under its overrides. */
  readonly data: LocatedMap;
  /** Layers of `posterior` under the entry's own. */
  readonly defaults: { readonly posterior: readonly LocatedMap[] };
}

/** Adds a mistake for each combination that makes no sense. */
export const checkTarget = (config: TargetConfig, sources: TargetSources, mistakes: Mistake[]): void => {
  const refuse = (node: Located, text: string): void => {
    mistakes.push({ place: node.place, path: node.path, text });
  };
  if (isClosedForm(config.model.kind)) checkClosedForm(config, sources, refuse);
  else checkLoss(config, sources, refuse);
  if (config.model.kind === "deep_linear") checkDeepLinear(config, sources, refuse);
  if (config.model.kind === "mlp" && config.training.at === "teacher")
    checkAtTeacher(config, sources, refuse);
};

type Refuse = (node: Located, text: string) => void;

/** The entry's own node under one of `paths`, if it wrote any. */
const written = (entry: LocatedMap, ...paths: readonly (readonly string[])[]): Located | undefined => {
  for (const path of paths) {
    const { node, depth } = nearestNode(entry, path);
    if (depth === path.length) return node;
  }
  return undefined;
};

/** Where the loss was chosen: the entry, else the top level, else the entry as a whole. */
const lossNode = ({ entry, defaults }: TargetSources): Located =>
  written(entry, ["overrides", "posterior", "loss"], ["posterior", "loss"]) ??
  defaults.posterior.findLast((layer) => layer.members.has("loss"))?.members.get("loss")?.node ??
  entry;

const checkLoss = (config: TargetConfig, sources: TargetSources, refuse: Refuse): void => {
  const { loss, model, data } = config;
  if (loss.kind === "t_regression" && data.noise_scale === 0) {
    const node = memberOf(sources.data, "noise_scale") ?? sources.data;
    refuse(node, "got 0 with loss t_regression, whose scale it is; expected a number > 0.");
  }
  if (loss.kind === "cross_entropy" && model.kind === "mlp" && model.out_dim < 2) {
    refuse(lossNode(sources), "got cross_entropy with out_dim 1; expected out_dim >= 2, or loss bce.");
  }
};

const checkClosedForm = (config: TargetConfig, { entry }: TargetSources, refuse: Refuse): void => {
  const { kind } = config.model;
  const unused = [
    ["teacher", "has no teacher"],
    ["training", "is not trained: its minimum is 0"],
    ["overrides.teacher", "has no teacher"],
    ["overrides.training", "is not trained: its minimum is 0"],
    ["posterior.loss", "is its own loss"],
    ["overrides.posterior.loss", "is its own loss"],
  ] as const;
  for (const [path, why] of unused) {
    const node = written(entry, path.split("."));
    const isNullTeacher = node?.kind === "scalar" && (node.value === "_null" || node.value === null);
    if (node !== undefined && !isNullTeacher)
      refuse(node, `got ${gotOf(node)}, but a ${kind} ${why}; expected no such key.`);
  }
  const data = written(entry, ["overrides", "data"]);
  if (data?.kind !== "map") return;
  for (const [key, { node }] of data.members) {
    if (key !== "n_data")
      refuse(
        node,
        `got ${gotOf(node)}, but a ${kind} has no data but their number n_data; expected no such key.`,
      );
  }
};

const checkDeepLinear = (config: TargetConfig, sources: TargetSources, refuse: Refuse): void => {
  const { entry } = sources;
  if (Object.keys(config.teacher).length > 0) {
    const node = written(entry, ["overrides", "teacher"], ["teacher"]) ?? entry;
    refuse(
      node,
      "got a teacher, but a deep_linear model makes its own of rank `rank`; expected teacher _null.",
    );
  }
  if (config.loss.kind !== "mse" && config.loss.kind !== "t_regression") {
    refuse(
      lossNode(sources),
      `got ${config.loss.kind}, but a deep_linear model is a regression; expected mse or t_regression.`,
    );
  }
};

/** w* can be the teacher's parameters only if the teacher is a network of the same shape. */
const checkAtTeacher = (config: TargetConfig, { entry }: TargetSources, refuse: Refuse): void => {
  const model = config.model as MlpModel;
  const { dropout_rate: _dropout, ...architecture } = config.teacher;
  const differing = Object.entries(architecture).filter(([key, value]) => {
    const own = model[key as keyof typeof architecture];
    return JSON.stringify(own ?? null) !== JSON.stringify(value);
  });
  if (differing.length === 0) return;
  const node = written(entry, ["overrides", "training", "at"], ["training", "at"], ["teacher"]) ?? entry;
  const keys = differing.map(([key]) => key).join(", ");
  refuse(
    node,
    `got \`at: teacher\` with a teacher that differs in ${keys}; expected the student's architecture.`,
  );
};
