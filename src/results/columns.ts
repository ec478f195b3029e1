/**
 * Every column of the results table: name, type, unit, meaning. `results/README.md` is made from this list.
 *
 * Names that ArviZ has carry its meaning. A column that does not apply to a row is null. Besides these columns the table
 * has families, one column for each setting that occurs (`columnFamilies`).
 */

/** `timestamp`: milliseconds UTC in the file, ISO 8601 text in our rows. `int64` must be a safe integer. */
export type ColumnType = "string" | "float64" | "int64" | "bool" | "timestamp";

/** One column. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Empty for texts and unitless numbers. */
  readonly unit: string;
  readonly meaning: string;
}

/** A cell of the table. */
export type CellValue = string | number | boolean | null;

/** A row by column name; missing is null. */
export type ResultRow = { readonly [column: string]: CellValue };

type Line = readonly [name: string, type: ColumnType, unit: string, meaning: string];

const identity: readonly Line[] = [
  ["experiment", "string", "", "`experiment` of the configuration file"],
  ["sweep_id", "string", "", "content hash of the plan; folder under `runs/sweeps/`"],
  ["target", "string", "", "the target as people name it: `base/base seed 43`"],
  ["sampler_label", "string", "", "the sampler as people name it: `sgld step_size=1e-6`"],
  ["target_id", "string", "", "content hash of the target: `tgt_` and 12 hex digits"],
  ["run_id", "string", "", "content hash of the run: 8 hex digits"],
  ["sampler", "string", "", "algorithm"],
  [
    "status",
    "string",
    "",
    "`ok`, `planned`, `waiting`, `ready`, `running`, `failed`, `timeout`, `out_of_memory`, `upstream_failed` or `cancelled`",
  ],
  ["is_cached", "bool", "", "true if the result was there before this sweep"],
  ["is_duplicate", "bool", "", "true if an earlier row of this table is the same run"],
];

const verdict: readonly Line[] = [
  ["verdict", "string", "", "`converged`, `not_converged` or `no_draws`"],
  ["verdict_reasons", "string", "", "why not converged: sentences, one a line"],
  ["warnings", "string", "", "what else a reader must know: sentences, one a line"],
];

const estimate: readonly Line[] = [
  [
    "d_sampled",
    "int64",
    "",
    "number of weights that were sampled: d, or fewer where `posterior.parameters` names some",
  ],
  ["llc_mean", "float64", "", "λ̂: mean of nβ·(L_n(w) − L0) over all draws of all chains"],
  [
    "llc_std",
    "float64",
    "",
    "standard deviation of the same over all draws of all chains (ddof 1); not the error of λ̂",
  ],
  ["llc_mcse", "float64", "", "Monte-Carlo standard error of `llc_mean`"],
  [
    "llc_mcse_bootstrap",
    "float64",
    "",
    "the same error by block bootstrap: well above `llc_mcse` where correlations are longer than it can see; not for independent draws",
  ],
  ["llc_chain_std", "float64", "", "standard deviation of the means of the chains (ddof 1)"],
  ["llc_min", "float64", "", "least draw"],
  ["llc_max", "float64", "", "greatest draw"],
  [
    "llc_true",
    "float64",
    "",
    "exact value of the estimator on this target at this nβ and γ, or λ where only that is known",
  ],
  ["llc_z", "float64", "", "(llc_mean − llc_true)/llc_mcse"],
  ["learning_coefficient", "float64", "", "exact λ where it is known, the limit of the estimator"],
  ["multiplicity", "int64", "", "exact multiplicity m where it is known"],
  ["wbic", "float64", "nats", "n·mean(L_n), where β = 1/log n"],
  ["loss_mean", "float64", "", "mean of L_n(w) over all draws"],
];

const diagnostics: readonly Line[] = [
  ["r_hat", "float64", "", "rank-normalised split R̂ of the loss trace; for independent draws: of the fits"],
  ["ess_bulk", "float64", "draws", "bulk effective sample size of the loss trace, all chains"],
  ["ess_tail", "float64", "draws", "tail effective sample size (5 % and 95 % quantiles), all chains"],
  ["acceptance", "float64", "", "mean acceptance probability"],
  ["divergences", "int64", "draws", "draws that diverged"],
  ["bfmi", "float64", "", "Bayesian fraction of missing information, least of the chains"],
  ["pareto_k", "float64", "", "Pareto k̂ of the importance weights of independent draws"],
  ["distance_mean", "float64", "units of w", "mean of ‖w − w*‖ over all draws"],
  [
    "distance_r_hat",
    "float64",
    "",
    "R̂ of ‖w − w*‖: whether the chains have all been as far, which losses along a singular set hardly show",
  ],
  ["distance_ess", "float64", "draws", "bulk effective sample size of ‖w − w*‖; not for independent draws"],
  ["fraction_below_initial", "float64", "", "share of draws with L_n(w) < L0"],
  ["drift", "float64", "standard errors", "second half of the draws against the first"],
  ["num_non_finite", "int64", "draws", "draws whose loss is NaN or infinite"],
  [
    "stop_reason",
    "string",
    "",
    "why it ended: `draws` (all that were asked for), or what of `sampling.until` came first (`wall_sec in warmup`: no draws)",
  ],
];

const cost: readonly Line[] = [
  ["total_fge", "float64", "FGE", "gradients of all chains, warmup included; 1 FGE = n per-sample gradients"],
  ["warmup_fge", "float64", "FGE", "the part of it that warmup took"],
  ["total_losses", "float64", "full losses", "losses without gradient; 1 = n per-sample losses"],
  ["work_fge", "float64", "FGE", "total_fge + total_losses/3"],
  [
    "wnv",
    "float64",
    "FGE",
    "work-normalised variance: llc_mcse²·work_fge; compares samplers, less is better",
  ],
  ["wnv_time", "float64", "s", "llc_mcse²·walltime_sec; compares samplers on one machine"],
  ["ess_per_fge", "float64", "draws/FGE", "ess_bulk/work_fge"],
  ["ess_per_sec", "float64", "draws/s", "ess_bulk/walltime_sec"],
  ["walltime_sec", "float64", "s", "warmup and sampling, all attempts"],
  ["build_walltime_sec", "float64", "s", "building the target"],
];

const target: readonly Line[] = [
  ["model", "string", "", "preset of the network"],
  ["data", "string", "", "preset of the data"],
  ["teacher", "string", "", "preset of the teacher; `_null`: the network's own architecture"],
  ["seed", "int64", "", "seed of the target"],
  ["n", "int64", "rows", "training data"],
  ["d", "int64", "", "parameters"],
  ["L0", "float64", "", "L_n(w*), loss at the trained weights"],
  ["test_loss", "float64", "", "the same on the test data"],
  ["gradient_norm", "float64", "", "‖∇L_n(w*)‖"],
  ["hessian_min", "float64", "", "estimate of the least eigenvalue of the Hessian of L_n at w*"],
  ["hessian_max", "float64", "", "estimate of the greatest"],
];

const settings: readonly Line[] = [
  ["n_beta", "float64", "", "nβ, factor of L_n in the posterior"],
  ["beta", "float64", "", "β, inverse temperature"],
  ["gamma", "float64", "", "γ, strength of the pull to w*"],
  ["chains", "int64", "", "independent chains (fits)"],
  ["draws", "int64", "", "kept draws a chain"],
  ["sampler_seed", "int64", "", "seed of the sampler"],
  ["precision", "string", "", "`float64` or `float32`, of weights and gradients"],
  ["backend", "string", "", "compute backend that did the run"],
  ["backend_description", "string", "", "its compiler, vector width and threads"],
  ["config_yaml", "string", "", "resolved configuration of target and run"],
];

const record: readonly Line[] = [
  ["attempt", "int64", "", "number of tries so far"],
  ["host", "string", "", "machine of the last one"],
  ["error_class", "string", "", "code of the error: `TASK_FAILED`, `TIMEOUT`, …"],
  [
    "error_message",
    "string",
    "",
    "what went wrong; of the root cause where a task that this one needs has failed",
  ],
  ["started_at", "timestamp", "UTC", "start of the last attempt"],
  ["finished_at", "timestamp", "UTC", "its end"],
  ["lambda_hat_version", "string", "", "version of lambda-hat that did the run"],
  ["node_version", "string", "", "version of Node"],
  ["numerics_version", "string", "", "version of the sampler's arithmetic, part of `run_id`"],
  ["run_dir", "string", "", "folder of the run: `trace.nc`, `analysis.json`, `manifest.json`"],
];

const groups: readonly (readonly [title: string, lines: readonly Line[]])[] = [
  ["Identity", identity],
  ["Verdict", verdict],
  ["Estimate", estimate],
  ["Diagnostics", diagnostics],
  ["Cost", cost],
  ["Target", target],
  ["Settings", settings],
  ["Record", record],
];

/** The columns by topic, in the order of the table. */
export const columnGroups: readonly { readonly title: string; readonly columns: readonly Column[] }[] =
  groups.map(([title, lines]) => ({
    title,
    columns: lines.map(([name, type, unit, meaning]) => ({ name, type, unit, meaning })),
  }));

/** All fixed columns, in the order of the table. */
export const columns: readonly Column[] = columnGroups.flatMap((group) => group.columns);

/** Columns that come with what is configured: one for each setting, named by the prefix and the setting's key. */
export const columnFamilies: readonly { readonly prefix: string; readonly meaning: string }[] = [
  { prefix: "hp_", meaning: "settings of the sampler: `hp_step_size`, `hp_M`" },
  { prefix: "tuned_", meaning: "what the sampler found out: `tuned_step_size`" },
  { prefix: "posterior_", meaning: "settings of the posterior: `posterior_beta_mode`" },
  { prefix: "sampling_", meaning: "settings shared by samplers: `sampling_start_scale`" },
  { prefix: "until_", meaning: "when the run might stop early: `until_mcse_rel`, `until_wall_sec`" },
  { prefix: "loss_", meaning: "loss of training and sampling: `loss_kind`" },
  { prefix: "model_", meaning: "settings of the network: `model_depth`" },
  { prefix: "data_", meaning: "settings of the data: `data_x_dist`" },
  { prefix: "teacher_", meaning: "settings of the teacher" },
  { prefix: "training_", meaning: "settings of training: `training_optimizer`" },
];
