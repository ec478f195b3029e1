/**
 * What only a cell shows to be wrong: settings of a sampler against the target's posterior, chains and size.
 *
 * Samplers refuse the same when they start; here it is said before anything runs, at the line to change. Sizes are
 * checked where the configuration tells them (`num-parameters.ts`), limits are those of `src/samplers`.
 */

import { type Located, type LocatedMap, nearestNode } from "../../core/yaml/located.ts";
import type { Mistake } from "../../core/yaml/mistakes.ts";
import type { ResolvedSampler, ResolvedTarget, SamplerSettings } from "../experiment.ts";
import { layerPosterior } from "../schema/posterior.ts";
import { layerSampling } from "../schema/sampling.ts";
import { numParametersOf } from "./num-parameters.ts";

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

const largestDenseWalk = 500;
const largestFlow = { latent: 256, columnNumbers: 2 ** 25, parameters: 2 ** 19 };

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
    ? [
        [
          ["name"],
          "got a target of 1 parameter; expected at least 2: a unit direction on a line cannot turn.",
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
  chees: ({ settings, chains }) =>
    chains < 2 && numberOf(settings, "warmup") > 0
      ? [
          [
            ["sampling", "chains"],
            `got ${chains}; expected at least 2 for chees, which learns from the distances between chains; or use hmc.`,
          ],
        ]
      : [],
  rwmh: ({ settings, dim }) =>
    settings["covariance"] === "dense" && dim !== null && dim > largestDenseWalk
      ? [
          [
            setting("covariance"),
            `got dense for ${dim} parameters; expected none or diagonal (dense: at most ${largestDenseWalk}).`,
          ],
        ]
      : [],
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

/** Draws of one chain that a run records at most. */
const recordedDraws = (settings: SamplerSettings): readonly [key: string, count: number] => {
  const steps = numberOf(settings, "steps");
  if ("eval_samples" in settings) return ["eval_samples", numberOf(settings, "eval_samples")];
  if (Number.isNaN(steps)) return ["draws", numberOf(settings, "draws")];
  const warmup = settings["warmup"] === null ? Math.floor(steps / 5) : numberOf(settings, "warmup");
  return ["eval_every", Math.floor((steps - warmup) / numberOf(settings, "eval_every"))];
};

/** Split R̂ and ESS need two draws in each half of a chain. */
const leastDraws = 4;

const drawFindings = ({ settings }: Cell): readonly Finding[] => {
  const [key, count] = recordedDraws(settings);
  if (!(count < leastDraws)) return [];
  const text = `got ${numberOf(settings, key)}, which makes ${count} draws a chain; expected at least ${leastDraws}: with fewer there is no R-hat and no ESS, hence no verdict.`;
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

/** Adds a mistake for every setting that some target makes impossible; one a key and sampler. */
export const checkCells = (
  targets: readonly Placed<ResolvedTarget>[],
  samplers: readonly Placed<ResolvedSampler>[],
  { timeoutSec, mistakes }: { readonly timeoutSec: number | null; readonly mistakes: Mistake[] },
): void => {
  for (const { entry, resolved: sampler } of samplers) {
    const findings = targets.flatMap(({ resolved }) => findingsOf(resolved, sampler, timeoutSec));
    const first = new Map(findings.toReversed().map((finding) => [finding[0].join("."), finding]));
    for (const [path, text] of first.values()) mistakes.push(mistakeAt(entry, path, text));
  }
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
    dim: posterior.parameters === undefined ? numParametersOf(target.config.model) : null,
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
