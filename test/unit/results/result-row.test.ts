/** What is known of a cell → its row. */
import { expect, test } from "vitest";
import { parse } from "yaml";
import { type RunFacts, summarizeRun } from "../../../src/analysis/summary.ts";
import { snakeKeys } from "../../../src/core/case.ts";
import { columnFamilies, columns } from "../../../src/results/columns.ts";
import { resultRowOf } from "../../../src/results/result-row.ts";
import { jsonNumbers } from "../../../src/runs/json-numbers.ts";
import { aCellRecord } from "../../support/cell-records.ts";

test("every fixed column is in every row, and every other column is of a family", () => {
  for (const known of [aCellRecord(), aCellRecord({ run: null, analysis: null, target: null })]) {
    const names = Object.keys(resultRowOf(known));
    expect(names).toEqual(expect.arrayContaining(columns.map(({ name }) => name)));
    const fixed = new Set(columns.map(({ name }) => name));
    const others = names.filter((name) => !fixed.has(name));
    expect(others.filter((name) => !columnFamilies.some(({ prefix }) => name.startsWith(prefix)))).toEqual(
      [],
    );
  }
});

test("no column is described twice, and no fixed column looks like a family's", () => {
  expect(new Set(columns.map(({ name }) => name)).size).toBe(columns.length);
  const clashes = columns.filter(({ name }) => columnFamilies.some(({ prefix }) => name.startsWith(prefix)));
  expect(clashes.map(({ name }) => name)).toEqual(["loss_mean"]);
});

test("a finished cell has its numbers, settings and record", () => {
  expect(resultRowOf(aCellRecord())).toMatchObject({
    experiment: "demo",
    status: "ok",
    is_cached: false,
    sampler: "hmc",
    target_id: "tgt_0123456789ab",
    verdict: "not_converged",
    verdict_reasons: "R̂ is large.\nDraw more.",
    llc_mean: 4.5,
    llc_true: null,
    r_hat: 1.02,
    chains: 4,
    draws: 1000,
    model: "base",
    seed: 43,
    sampler_seed: 7,
    n: 1000,
    d: 500,
    L0: 0.25,
    n_beta: 144.76,
    hp_step_size: 1e-6,
    hp_L: null,
    hp_adapt_step_size: true,
    hp_exponents: "[1,2]",
    tuned_step_size: 0.01,
    posterior_beta_mode: "1_over_log_n",
    sampling_start_scale: 0.01,
    model_depth: 3,
    data_x_dist: "gauss_iso",
    training_optimizer: "adam",
    loss_kind: "mse",
    attempt: 2,
    host: "node1",
    error_class: null,
    started_at: "2000-01-01T00:00:00.000Z",
    lambda_hat_version: "0.1.0",
    numerics_version: "3",
  });
});

test("config_yaml is the whole resolved configuration", () => {
  const known = aCellRecord();
  expect(parse(String(resultRowOf(known)["config_yaml"]))).toEqual({
    target: known.targetConfig,
    run: known.runConfig,
  });
});

test.each([
  ["done", "ok", false],
  ["skipped", "ok", true],
  ["failed", "failed", false],
  ["upstream_failed", "upstream_failed", false],
])("state %s gives status %s", (state, status, isCached) => {
  expect(resultRowOf(aCellRecord({ state }))).toMatchObject({ status, is_cached: isCached });
});

test("a failed cell tells the error that the queue knows", () => {
  const error = { code: "WORKER_LOST", message: "killed" };
  expect(resultRowOf(aCellRecord({ state: "failed", run: null, error }))).toMatchObject({
    error_class: "WORKER_LOST",
    error_message: "killed",
  });
});

test("every measure of a summary that is a number, text or flag has a column", () => {
  const facts: RunFacts = {
    nBeta: 10,
    numData: 100,
    initialLoss: 0,
    isIndependent: false,
    work: { gradients: 1, warmupGradients: 0, losses: 0 },
    wallTimeSec: 1,
    llcTrue: 1,
    warnings: [],
    tuned: {},
  };
  const analysis = jsonNumbers(snakeKeys(summarizeRun({ loss: [], statistics: {} }, facts))) as Record<
    string,
    null
  >;
  const known = aCellRecord({
    analysis: Object.fromEntries(Object.keys(analysis).map((name) => [name, `from ${name}`])),
  });
  const shown = new Set(Object.values(resultRowOf(known)).map(String));
  const elsewhere = new Set([
    "num_chains",
    "initial_loss",
    "wall_time_sec", // from the configuration and the manifests
    "verdict_reasons",
    "warnings",
    "tuned", // joined, or a family
    "llc_per_chain",
    "running_llc",
    "bfmi_per_chain", // lists: in analysis.json only
  ]);
  const missing = Object.keys(analysis).filter((name) => !elsewhere.has(name) && !shown.has(`from ${name}`));
  expect(missing).toEqual([]);
});
