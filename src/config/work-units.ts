/**
 * How much work a run is by its settings, and which other runs its speed can be told from.
 *
 * The unit is one gradient over one data point of one chain; a loss without gradient is a third of it. Where settings do
 * not tell how much is needed (trees of `nuts`, tuned trajectories of `chees` and `amclmc`) the least that it can be is
 * counted, so that what is concluded from it holds for every length. Runs count their work exactly: `WorkCount` in
 * `src/samplers/sampler.ts`.
 */
import type { RunConfig, SamplerSettings } from "./experiment.ts";
import { droppedSteps, recordedDraws } from "./recorded-draws.ts";

/** What a target adds to a run's configuration. */
export interface WorkTarget {
  readonly numData: number;
  /** Parameters that are sampled; null: not known. */
  readonly dim: number | null;
  /** Networks are of one speed, closed forms of another. */
  readonly isNetwork: boolean;
}

/** Work of a run. */
export interface Work {
  /** Gradients over one point, of all chains, warmup included. */
  readonly units: number;
  /** Of these, in one call of the backend at the most. Small calls are slow, unit by unit. */
  readonly unitsPerCall: number;
  /** Of these, between two recorded draws (of `vi`: two steps). */
  readonly unitsPerDraw: number;
  /** Recorded draws of one chain. */
  readonly draws: number;
  /** Runs of one class do the same per unit, for the same sizes. */
  readonly speedClass: string;
}

/** A loss without gradient, in gradients. */
export const lossUnits = 1 / 3;

/** Work of one chain before its first draw, for each draw (or step of `vi`), and for all of one kind at the end. */
interface ChainWork {
  readonly warmup: number;
  readonly perDraw: number;
  readonly numDraws: number;
  readonly end?: number;
  /** Points of one call; by default all of the data. */
  readonly rows?: number;
  /** Chains that the backend moves for each recorded one. */
  readonly replicas?: number;
}

interface Setting {
  readonly settings: SamplerSettings;
  readonly n: number;
  readonly dim: number | null;
  readonly chains: number;
}

const numberOr = ({ settings }: Setting, key: string, otherwise: number): number => {
  const value = settings[key];
  return typeof value === "number" ? value : otherwise;
};

/** Points of a minibatch; null is all data. */
const rowsOf = (setting: Setting): number => Math.min(setting.n, numberOr(setting, "batch_size", setting.n));

/** Samplers that make transitions of one cost: warmup, then `thinning` a draw. */
const transitions = (setting: Setting, cost: number): ChainWork => ({
  warmup: numberOr(setting, "warmup", 0) * cost,
  perDraw: numberOr(setting, "thinning", 1) * cost,
  numDraws: numberOr(setting, "draws", 0),
});

/** `sgld`, `sghmc`, `sgnht`: steps on minibatches, and a loss of all data at every draw, or two small gradients. */
const stochastic = (setting: Setting): ChainWork => {
  const rows = rowsOf(setting);
  const every = numberOr(setting, "eval_every", 1);
  const [, numDraws] = recordedDraws(setting.settings);
  const evaluation = setting.settings["evaluation"] === "batch" ? 2 * rows : setting.n * lossUnits;
  const recorded = numDraws * every;
  const steps = numberOr(setting, "steps", 0);
  const dropped =
    setting.settings["schedule"] === "cyclical" ? steps - recorded : droppedSteps(setting.settings);
  return { warmup: dropped * rows, perDraw: every * rows + evaluation, numDraws, rows };
};

const gradientsPerStep = ({ settings }: Setting): number =>
  settings["integrator"] === "isokinetic_velocity_verlet" ? 1 : 2;

/** Stages of tuning as `src/samplers/isokinetic/mclmc-settings.ts` lays them out, then steps. */
const microcanonical = (setting: Setting): ChainWork => {
  const { settings, n } = setting;
  const cost = n * gradientsPerStep(setting);
  const share = (key: string): number =>
    Math.floor(numberOr(setting, key, 0) * numberOr(setting, "num_steps", 0));
  const isScaled = settings["diagonal_preconditioning"] === true;
  const [tunesLength, tunesStep] = [settings["L"] === null, settings["step_size"] === null];
  const tuning =
    (isScaled || tunesStep ? share("frac_tune1") : 0) +
    (isScaled || tunesStep || tunesLength ? share("frac_tune2") : 0) +
    (isScaled && tunesStep ? Math.floor(share("frac_tune2") / 3) : 0) +
    (tunesLength ? share("frac_tune3") : 0);
  return {
    warmup: (tuning + numberOr(setting, "warmup", 0)) * cost,
    perDraw: numberOr(setting, "steps_per_draw", 1) * cost,
    numDraws: numberOr(setting, "draws", 0),
  };
};

/** A walk is a loss; a drift is made there and back, of `drift_steps` gradients of all data or of minibatches. */
const langevinWalk = (setting: Setting): ChainWork => {
  const { n } = setting;
  const rows = rowsOf(setting);
  const usesAll = rows === n;
  const steps = numberOr(setting, "drift_steps", usesAll ? 1 : Math.ceil(n / rows));
  const drift = usesAll ? (2 * steps - 1) * n : 2 * steps * rows + n * lossUnits;
  const share = numberOr(setting, "l_prob", 1);
  return { ...transitions(setting, share * drift + (1 - share) * n * lossUnits), rows };
};

/** Every rung of the ladder is a chain in cost. */
/** Gradients of one transition of a rung; nuts: at least. */
const moveUnits = (setting: Setting, kernel: unknown): number => {
  if (kernel === "rwmh") return lossUnits;
  return kernel === "mala" || kernel === "nuts" ? 1 : numberOr(setting, "num_integration_steps", 8);
};

const tempered = (setting: Setting): ChainWork => {
  const { settings, n } = setting;
  const listed = settings["betas"] ?? settings["temperatures"];
  const length = Array.isArray(listed) ? listed.length + (settings["reference"] === true ? 1 : 0) : 8;
  const replicas = numberOr(setting, "rungs", length);
  const kernels = settings["kernel"] === "custom" ? settings["kernels"] : [settings["kernel"]];
  // Each kernel of a mixed ladder runs over all rungs.
  const local = [...new Set(Array.isArray(kernels) ? kernels : [])]
    .map((kernel) => moveUnits(setting, kernel))
    .reduce((sum, units) => sum + units, 0);
  return { ...transitions(setting, replicas * numberOr(setting, "local_steps", 1) * local * n), replicas };
};

const variational = (setting: Setting): ChainWork => {
  const rows = rowsOf(setting);
  return {
    warmup: 0,
    perDraw: numberOr(setting, "samples_per_step", 1) * rows,
    numDraws: numberOr(setting, "steps", 0),
    end: numberOr(setting, "eval_samples", 0) * setting.n * lossUnits,
    rows,
  };
};

/** Products with the Hessian are two gradients each and shared by the chains; then a loss a draw. */
const gaussian = (setting: Setting): ChainWork => {
  const { settings, n, dim, chains } = setting;
  const isDense =
    settings["hessian"] === "dense" ||
    (settings["hessian"] === "auto" && dim !== null && dim <= numberOr(setting, "max_dense_dim", 0));
  const probes = numberOr(setting, "probes", 0);
  const ranks = 3 * Math.min(numberOr(setting, "rank", 0), dim ?? 0);
  const products = isDense ? (dim ?? 0) : settings["hessian"] === "diagonal" ? probes : ranks;
  return {
    warmup: (2 * products * n) / chains,
    perDraw: n * lossUnits,
    numDraws: numberOr(setting, "draws", 0),
  };
};

const chainWorkOf = (name: string, setting: Setting): ChainWork => {
  const { n } = setting;
  switch (name) {
    case "sgld":
    case "sghmc":
    case "sgnht":
      return stochastic(setting);
    case "mclmc":
      return microcanonical(setting);
    case "lmh":
      return langevinWalk(setting);
    case "pt":
      return tempered(setting);
    case "vi":
      return variational(setting);
    case "laplace":
      return gaussian(setting);
    case "rwmh":
      return transitions(setting, n * lossUnits);
    case "hmc":
      return transitions(setting, n * numberOr(setting, "num_integration_steps", 1));
    case "amclmc":
      return transitions(setting, n * gradientsPerStep(setting));
    default:
      // mala: one gradient a transition. nuts, chees: at least one.
      return transitions(setting, n);
  }
};

/** Settings that change what a unit costs. */
const speedKeys: Readonly<Record<string, readonly string[]>> = {
  chees: ["mass_matrix"],
  hmc: ["mass_matrix"],
  laplace: ["hessian"],
  lmh: ["l_prob", "drift_steps"],
  nuts: ["mass_matrix"],
  pt: ["kernel", "kernels"],
  rwmh: ["covariance"],
  sgld: ["precond", "evaluation", "schedule"],
  vi: ["algo", "M", "r", "r_per_component", "d_latent", "flow_depth", "flow_hidden", "whitening_mode"],
};

const speedClassOf = ({ sampler, posterior, precision }: RunConfig, isNetwork: boolean): string => {
  const { name, ...settings } = sampler;
  const chosen = (speedKeys[name] ?? []).map((key) => `${key}=${JSON.stringify(settings[key] ?? null)}`);
  const parts = [isNetwork ? "network" : "closed form", precision, posterior?.parameters ?? "all weights"];
  return [name, ...chosen, ...parts].join(" ");
};

/** Work of a run by its settings. */
export const workOf = (config: RunConfig, { numData, dim, isNetwork }: WorkTarget): Work => {
  const { name, ...settings } = config.sampler;
  const { chains } = config.sampling;
  const setting = { settings, n: numData, dim, chains };
  const { warmup, perDraw, numDraws, end = 0, rows = numData, replicas = 1 } = chainWorkOf(name, setting);
  return {
    units: chains * (warmup + perDraw * numDraws + end),
    unitsPerCall: chains * replicas * rows,
    unitsPerDraw: chains * perDraw,
    draws: recordedDraws(settings)[1],
    speedClass: speedClassOf(config, isNetwork),
  };
};
