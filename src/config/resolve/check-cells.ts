/**
 * What only a cell shows to be wrong: settings of a sampler against the target's posterior, chains and size.
 *
 * Samplers refuse the same when they start; here it is said before anything runs, at the line to change. Sizes are
 * checked where the configuration tells them (`num-parameters.ts`), limits are those of `src/samplers`.
 */

import { isNull, joinPath, type Located, type LocatedMap, nearestNode } from "../../core/yaml/located.ts";
import type { Mistake } from "../../core/yaml/mistakes.ts";
import type { ResolvedSampler, ResolvedTarget, SamplerSettings } from "../experiment.ts";
import { recordedDraws } from "../recorded-draws.ts";
import { layerPosterior } from "../schema/posterior.ts";
import { layerSampling } from "../schema/sampling.ts";
import { numParametersOf, selectionOf } from "./num-parameters.ts";

/** An entry after expansion and what it stands for. */
export interface Placed<Resolved> {
  readonly entry: LocatedMap;
  readonly resolved: Resolved;
}

interface Cell {
  readonly settings: SamplerSettings;
  readonly chains: number;
  /** Of the posterior; null where `prior_radius` makes it, > 0. */
  readonly gamma: number | null;
  /** Parameters that are sampled; null where they are not known before the build. */
  readonly dim: number | null;
}

/** Key of the sampler's entry to blame, and what to say of it. */
type Finding = readonly [path: readonly string[], text: string];

const setting = (key: string): readonly string[] => ["overrides", key];
const numberOf = (settings: SamplerSettings, key: string): number => {
  const value = settings[key];
  return typeof value === "number" ? value : Number.NaN;
};

/** Limits of `src/samplers/adaptation/dense-covariance.ts` and of `src/samplers/flow/flow-size.ts`; a test keeps them equal. */
export const largestDense = 500;
export const largestFlow = { latent: 256, columnNumbers: 2 ** 25, parameters: 2 ** 19 };

/** Numbers of a flow of `depth` coupling layers in `dim` dimensions; `src/samplers/flow/coupling-flow.ts` lays them out. */
export const numFlowParameters = (dim: number, depth: number, hidden: readonly number[]): number => {
  let total = 2 * dim;
  for (let layer = 0; layer < depth; layer++) {
    const kept = layer % 2 === 0 ? Math.ceil(dim / 2) : Math.floor(dim / 2);
    const moved = dim - kept;
    const widths = [kept, ...hidden, 2 * moved];
    for (let i = 0; i + 1 < widths.length; i++) total += ((widths[i] ?? 0) + 1) * (widths[i + 1] ?? 0);
    total += moved * kept;
  }
  return total;
};

const flowFindings = ({ settings, dim }: Cell): readonly Finding[] => {
  if (settings["algo"] !== "flow" || dim === null) return [];
  const latent = Math.min(numberOf(settings, "d_latent"), dim);
  const got = `got ${numberOf(settings, "d_latent")} for ${dim} parameters`;
  if (latent > largestFlow.latent)
    return [[setting("d_latent"), `${got}; expected at most ${largestFlow.latent}, or algo mfa.`]];
  if (latent < dim && latent * dim > largestFlow.columnNumbers) {
    const most = Math.floor(largestFlow.columnNumbers / dim);
    return [[setting("d_latent"), `${got}; expected at most ${most} for so many, or algo mfa.`]];
  }
  const hidden = settings["flow_hidden"] as readonly number[];
  const depth = numberOf(settings, "flow_depth");
  const count = numFlowParameters(latent, depth, hidden);
  if (count <= largestFlow.parameters) return [];
  const text = `got [${hidden.join(", ")}] in ${depth} layers, ${count} numbers a chain; expected at most ${largestFlow.parameters}. Lower flow_hidden or flow_depth.`;
  return [[setting("flow_hidden"), text]];
};

const needsTwo = (cell: Cell): readonly Finding[] =>
  cell.dim === 1
    ? [[["name"], "got 1 parameter to sample; expected at least 2: a unit direction on a line cannot turn."]]
    : [];

const loneChain = ({ settings, chains }: Cell): readonly Finding[] =>
  chains < 2 && numberOf(settings, "warmup") > 0
    ? [
        [
          ["sampling", "chains"],
          `got ${chains}; expected at least 2 for chees, which learns from the distances between chains; or use hmc.`,
        ],
      ]
    : [];

/** A dense matrix of more parameters than it is meant for. */
const tooDense = ({ settings, dim }: Cell, key: string, others: string): readonly Finding[] =>
  settings[key] === "dense" && dim !== null && dim > largestDense
    ? [
        [
          setting(key),
          `got dense for ${dim} parameters; expected ${others} (dense: at most ${largestDense}).`,
        ],
      ]
    : [];

/** What each sampler cannot do, by name. */
const rules: Readonly<Record<string, (cell: Cell) => readonly Finding[]>> = {
  pt: ({ settings, gamma }) =>
    settings["reference"] === true && gamma === 0
      ? [
          [
            setting("reference"),
            "got true where posterior.gamma is 0; expected false, or gamma > 0: without a pull to w* there is nothing to draw from at beta = 0.",
          ],
        ]
      : [],
  chees: (cell) => [...loneChain(cell), ...tooDense(cell, "mass_matrix", "diagonal")],
  hmc: (cell) => tooDense(cell, "mass_matrix", "diagonal"),
  nuts: (cell) => tooDense(cell, "mass_matrix", "diagonal"),
  rwmh: (cell) => tooDense(cell, "covariance", "none or diagonal"),
  laplace: ({ settings, dim }) =>
    settings["hessian"] === "dense" && dim !== null && dim > numberOf(settings, "max_dense_dim")
      ? [
          [
            setting("hessian"),
            `got dense for ${dim} parameters; expected at most max_dense_dim = ${numberOf(settings, "max_dense_dim")}: use low_rank or diagonal, or raise it.`,
          ],
        ]
      : [],
  mclmc: needsTwo,
  amclmc: needsTwo,
  vi: flowFindings,
};

/** Split R̂ and ESS need two draws in each half of a chain. */
const leastDraws = 4;

const drawFindings = ({ settings }: Cell): readonly Finding[] => {
  const [key, count] = recordedDraws(settings);
  if (!(count < leastDraws)) return [];
  const text = `got ${numberOf(settings, key)}, which makes ${count} ${count === 1 ? "draw" : "draws"} a chain; expected at least ${leastDraws}: with fewer there is no R-hat and no ESS, hence no verdict.`;
  return [[setting(key), text]];
};

/** A limit on the clock that the task's own limit makes void. */
const clockFinding = (wallSec: number | undefined, timeoutSec: number | null): readonly Finding[] =>
  wallSec !== undefined && timeoutSec !== null && wallSec >= timeoutSec
    ? [
        [
          ["sampling", "until", "wall_sec"],
          `got ${wallSec}, but timeout.sample stops the task after ${timeoutSec} s; expected less, or a larger timeout.`,
        ],
      ]
    : [];

/** What cells are checked against, beside their own entries. */
export interface CellChecks {
  /** The file, for what its top level says of all. */
  readonly root: LocatedMap;
  readonly timeoutSec: number | null;
  readonly mistakes: Mistake[];
}

/** Adds a mistake for every setting that some target makes impossible; one a key and sampler. */
export const checkCells = (
  targets: readonly Placed<ResolvedTarget>[],
  samplers: readonly Placed<ResolvedSampler>[],
  { root, timeoutSec, mistakes }: CellChecks,
): void => {
  const selections = new Map<Located, Mistake>();
  for (const { entry, resolved: sampler } of samplers) {
    const findings = targets.flatMap(({ resolved }) => findingsOf(resolved, sampler, timeoutSec));
    const first = new Map(findings.toReversed().map((finding) => [finding[0].join("."), finding]));
    for (const [path, text] of first.values()) mistakes.push(mistakeAt(entry, path, text));
    for (const target of targets) {
      const text = selectionFinding(target.resolved, sampler);
      const node = selectionNode(entry, target.entry, root);
      if (text !== null && !selections.has(node)) {
        const path = node === entry ? joinPath(entry.path, ...selectionPath) : node.path;
        selections.set(node, { place: node.place, path, text });
      }
    }
  }
  mistakes.push(...selections.values());
};

const selectionPath = ["posterior", "parameters"] as const;

/** Where the cell's `posterior.parameters` is written; the sampler's entry where a preset holds it. */
const selectionNode = (sampler: LocatedMap, target: LocatedMap, root: LocatedMap): Located => {
  const places = [
    [sampler, selectionPath],
    [target, ["overrides", ...selectionPath]],
    [target, selectionPath],
    [root, selectionPath],
  ] as const;
  for (const [map, path] of places) {
    const { node, depth } = nearestNode(map, path);
    if (depth === path.length && !isNull(node)) return node;
  }
  return sampler;
};

const selectionFinding = (target: ResolvedTarget, sampler: ResolvedSampler): string | null => {
  const { parameters } = layerPosterior(target.posterior, sampler.posterior);
  if (parameters === undefined) return null;
  const selection = selectionOf(target.config.model, parameters);
  return selection?.kind === "absent"
    ? `got "${parameters}" for target ${target.label}, ${selection.reason}`
    : null;
};

/** Parameters that a cell samples; null where they are not known, or are not there. */
const sampledOf = (target: ResolvedTarget, parameters: string | undefined): number | null => {
  const { model } = target.config;
  if (parameters === undefined) return numParametersOf(model);
  const selection = selectionOf(model, parameters);
  return selection?.kind === "count" ? selection.count : null;
};

const findingsOf = (
  target: ResolvedTarget,
  sampler: ResolvedSampler,
  timeoutSec: number | null,
): readonly Finding[] => {
  const posterior = layerPosterior(target.posterior, sampler.posterior);
  const sampling = layerSampling(target.sampling, sampler.sampling);
  const cell: Cell = {
    settings: sampler.settings,
    chains: sampling.chains,
    gamma: posterior.gamma,
    dim: sampledOf(target, posterior.parameters),
  };
  return [
    ...(rules[sampler.name]?.(cell) ?? []),
    ...drawFindings(cell),
    ...clockFinding(sampling.until?.wall_sec, timeoutSec),
  ];
};

/** At the key where it is written in the entry, else at the entry, with the key's path. */
const mistakeAt = (entry: LocatedMap, path: readonly string[], text: string): Mistake => {
  const { node, depth } = nearestNode(entry, path);
  const at: Located = depth === path.length ? node : entry;
  return { place: at.place, path: [entry.path, ...path].join("."), text };
};
