/**
 * One planned cell and what is known of it → its row of the table. Pure; the only place where names of manifests, analyses
 * and configurations become names of columns.
 */
import { stringify } from "yaml";
import type { Json } from "../core/canonical-json.ts";
import { type CellValue, columns, type ResultRow } from "./columns.ts";

/** A JSON object. */
export type JsonObject = { readonly [name: string]: Json | undefined };

/** The members of a manifest that go into the table. */
export interface TaskRecord {
  readonly attempt: number;
  readonly host: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly finishedAt: string;
  /** What else the manifest says, snake_case. */
  readonly facts: JsonObject;
}

/** Everything known about a cell; null for what is not there (yet). */
export interface CellRecord {
  readonly experiment: string;
  readonly sweepId: string | null;
  readonly cell: {
    readonly targetLabel: string;
    readonly samplerLabel: string;
    readonly targetId: string;
    readonly runId: string;
    readonly sampler: string;
    readonly isDuplicate: boolean;
  };
  /** Names of the presets. */
  readonly presets: { readonly model: string; readonly data: string; readonly teacher: string };
  /** State of the cell's task; `done` and `skipped` become `ok`. */
  readonly state: string;
  /** Resolved configurations of target and run, as their ids are hashes of. */
  readonly targetConfig: JsonObject;
  readonly runConfig: JsonObject;
  /** Manifest of the run. */
  readonly run: TaskRecord | null;
  /** `analysis.json`. */
  readonly analysis: JsonObject | null;
  /** `meta.json` of the target. */
  readonly target: TaskRecord | null;
  /** What the queue knows of a task that left no manifest: of the root cause, if it failed upstream. */
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly attempt: number | null;
  readonly runDir: string;
}

/** Columns that have the same name in the analysis. */
const fromAnalysis = [
  "verdict",
  "llc_mean",
  "llc_std",
  "llc_mcse",
  "llc_mcse_bootstrap",
  "llc_chain_std",
  "llc_min",
  "llc_max",
  "llc_true",
  "learning_coefficient",
  "multiplicity",
  "llc_z",
  "wbic",
  "loss_mean",
  "r_hat",
  "ess_bulk",
  "ess_tail",
  "acceptance",
  "divergences",
  "bfmi",
  "pareto_k",
  "distance_mean",
  "distance_r_hat",
  "distance_ess",
  "fraction_below_initial",
  "drift",
  "num_non_finite",
  "stop_reason",
  "total_fge",
  "warmup_fge",
  "total_losses",
  "work_fge",
  "wnv",
  "wnv_time",
  "ess_per_fge",
  "ess_per_sec",
] as const;

/** Columns that have the same name in the manifest of the run. */
const fromRun = ["n_beta", "beta", "gamma", "backend", "backend_description", "walltime_sec"] as const;

/** Columns that have the same name in the manifest of the target. */
const fromTarget = ["n", "d", "test_loss", "gradient_norm", "hessian_min", "hessian_max"] as const;

const nothing: JsonObject = {};

/** Builds the row; every fixed column is there, families as far as they are configured. */
export const resultRowOf = (known: CellRecord): ResultRow => {
  const analysis = known.analysis ?? nothing;
  const ofRun = known.run?.facts ?? nothing;
  const ofTarget = known.target?.facts ?? nothing;
  return {
    ...Object.fromEntries(columns.map(({ name }) => [name, null])),
    ...identityOf(known),
    ...pick(fromAnalysis, analysis),
    verdict_reasons: sentences(analysis["verdict_reasons"]),
    warnings: sentences(analysis["warnings"]),
    draws: valueOf(analysis["num_draws"]),
    ...pick(fromTarget, ofTarget),
    build_walltime_sec: valueOf(ofTarget["walltime_sec"]),
    L0: valueOf(ofRun["initial_loss"] ?? ofTarget["initial_loss"]),
    ...pick(fromRun, ofRun),
    d_sampled: valueOf(ofRun["d"]),
    ...configOf(known),
    ...recordOf(known),
    ...versionsOf(known),
    ...family("tuned_", objectOf(analysis["tuned"])),
  };
};

const configOf = ({ targetConfig, runConfig }: CellRecord): ResultRow => {
  const { name: _, ...hyperparameters } = objectOf(runConfig["sampler"]);
  const { until, ...settings } = objectOf(runConfig["sampling"]);
  return {
    chains: valueOf(settings["chains"]),
    seed: valueOf(targetConfig["seed"]),
    sampler_seed: valueOf(runConfig["seed"]),
    precision: valueOf(runConfig["precision"]),
    config_yaml: stringify({ target: targetConfig, run: runConfig }, { lineWidth: 0 }),
    ...family("hp_", hyperparameters),
    ...family("posterior_", objectOf(runConfig["posterior"])),
    ...family("sampling_", settings),
    ...family("until_", objectOf(until)),
    ...configFamilies(targetConfig),
  };
};

const configFamilies = (config: JsonObject): Record<string, CellValue> =>
  Object.assign(
    {},
    ...["loss", "model", "data", "teacher", "training"].map((block) =>
      family(`${block}_`, objectOf(config[block])),
    ),
  ) as Record<string, CellValue>;

const identityOf = ({ experiment, sweepId, cell, presets, state }: CellRecord): ResultRow => ({
  experiment,
  sweep_id: sweepId,
  target: cell.targetLabel,
  sampler_label: cell.samplerLabel,
  target_id: cell.targetId,
  run_id: cell.runId,
  sampler: cell.sampler,
  status: state === "done" || state === "skipped" ? "ok" : state,
  is_cached: state === "skipped",
  is_duplicate: cell.isDuplicate,
  model: presets.model,
  data: presets.data,
  teacher: presets.teacher,
});

const recordOf = ({ run, error, attempt, runDir }: CellRecord): ResultRow => ({
  attempt: run === null ? attempt : run.attempt,
  host: run && run.host,
  ...errorOf(error),
  started_at: run && run.startedAt,
  finished_at: run && run.finishedAt,
  run_dir: runDir,
});

const errorOf = (cause: CellRecord["error"]): ResultRow =>
  cause === null
    ? { error_class: null, error_message: null }
    : { error_class: cause.code, error_message: cause.message };

const versionsOf = ({ run, runConfig }: CellRecord): ResultRow => {
  const versions = objectOf(run?.facts["versions"]);
  const numerics = valueOf(versions["numerics"] ?? runConfig["numerics_version"]);
  return {
    lambda_hat_version: valueOf(versions["lambda_hat"]),
    node_version: valueOf(versions["node"]),
    numerics_version: numerics === null ? null : String(numerics),
  };
};

const objectOf = (value: Json | undefined): JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};

/** Numbers, texts and flags as they are; lists and objects as JSON. */
const valueOf = (value: Json | undefined): CellValue => {
  if (value === undefined || value === null) return null;
  return typeof value === "object" ? JSON.stringify(value) : value;
};

const pick = (names: readonly string[], source: JsonObject): Record<string, CellValue> =>
  Object.fromEntries(names.map((name) => [name, valueOf(source[name])]));

const family = (prefix: string, source: JsonObject): Record<string, CellValue> =>
  Object.fromEntries(Object.entries(source).map(([name, value]) => [`${prefix}${name}`, valueOf(value)]));

const sentences = (value: Json | undefined): string | null =>
  Array.isArray(value) ? value.join("\n") : null;
