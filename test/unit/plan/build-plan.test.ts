/** Laws of the planner. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contentHash } from "../../../src/core/canonical-json.ts";
import { buildPlan, type PlanContext, type PlannedExperiment } from "../../../src/plan/build-plan.ts";

const context: PlanContext = {
  numericsVersions: { target: 3, samplers: { hmc: 1, sgld: 2 } },
  backend: "auto",
  codeVersion: null,
  isDone: () => false,
};

const anExperiment = (
  seeds: readonly number[],
  samplers: readonly { name: string; draws: number }[],
  experiment = "demo",
): PlannedExperiment => ({
  experiment,
  targets: seeds.map((seed) => ({ label: `small seed ${seed}`, config: { model: { kind: "mlp" }, seed } })),
  samplers: samplers.map(({ name, draws }) => ({ label: `${name} ${draws}`, name })),
  resolveCell: (_, index) => ({ sampler: { ...samplers[index] }, seed: 1 }),
  resourcesOf: () => ({ threads: 1, timeoutSec: null, memoryMiB: null }),
});
const hmc = { name: "hmc", draws: 100 };
const sgld = { name: "sgld", draws: 200 };

describe("buildPlan", () => {
  it("plans N builds and N × M runs, each run after its build", () => {
    const plan = buildPlan(anExperiment([1, 2, 3], [hmc, sgld]), context);
    expect(plan.tasks.map(({ kind }) => kind)).toEqual([
      ...Array.from({ length: 3 }, () => "build-target"),
      ...Array.from({ length: 6 }, () => "run-sampler"),
    ]);
    for (const task of plan.tasks) {
      if (task.kind === "run-sampler") expect(task.needs).toEqual([task.targetId]);
    }
    expect(plan.cells.map(({ targetIndex, samplerIndex }) => [targetIndex, samplerIndex])).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
      [2, 0],
      [2, 1],
    ]);
    expect(plan.notes).toEqual([]);
  });

  it("names tasks by the hash of their configuration with the numerics version", () => {
    const plan = buildPlan(anExperiment([1], [hmc]), context);
    const target = `tgt_${contentHash({ model: { kind: "mlp" }, seed: 1, numerics_version: 3 }, 12)}`;
    const run = contentHash({ sampler: { ...hmc }, seed: 1, target_id: target, numerics_version: 1 }, 8);
    expect(plan.tasks.map(({ id }) => id)).toEqual([target, `${target}/hmc_${run}`]);
    expect(plan.cells[0]).toMatchObject({ targetId: target, runId: run, taskId: `${target}/hmc_${run}` });
  });

  it("LLC_CODE_VERSION replaces every numerics version", () => {
    const plans = [1, 2].map((version) =>
      buildPlan(anExperiment([1], [hmc]), {
        ...context,
        numericsVersions: { target: version, samplers: { hmc: version } },
        codeVersion: "fixed",
      }),
    );
    expect(plans[0]?.tasks).toEqual(plans[1]?.tasks);
    expect(plans[0]?.tasks[0]).toMatchObject({ config: { numerics_version: "fixed" } });
  });

  it("keeps a row for every planned cell when targets and cells are equal", () => {
    const plan = buildPlan(anExperiment([7, 7], [hmc, hmc, sgld]), context);
    expect(plan.tasks).toHaveLength(3);
    expect(plan.cells.map(({ isDuplicate }) => isDuplicate)).toEqual([false, true, false, true, true, true]);
    expect(plan.notes).toHaveLength(5);
    expect(plan.notes[0]).toMatch(
      /^target "small seed 7" is the same as "small seed 7" \(tgt_.*\): it is built once\.$/,
    );
    expect(new Set(plan.cells.map(({ taskId }) => taskId)).size).toBe(2);
  });

  it("leaves backend, resources and finished work out of every id", () => {
    const plan = buildPlan(anExperiment([1, 2], [hmc]), context);
    const other = buildPlan(
      { ...anExperiment([1, 2], [hmc]), resourcesOf: () => ({ threads: 9, timeoutSec: 5, memoryMiB: 7 }) },
      { ...context, backend: "wasm", isDone: (task) => task.kind === "build-target" },
    );
    expect(other.id).toBe(plan.id);
    expect(other.tasks.map(({ id }) => id)).toEqual(plan.tasks.map(({ id }) => id));
    expect(other.doneTaskIds).toEqual(plan.tasks.slice(0, 2).map(({ id }) => id));
  });

  it("gives another sweep id to another experiment name, target or order", () => {
    const ids = [
      buildPlan(anExperiment([1, 2], [hmc]), context),
      buildPlan(anExperiment([1, 2], [hmc], "other"), context),
      buildPlan(anExperiment([2, 1], [hmc]), context),
      buildPlan(anExperiment([1, 3], [hmc]), context),
    ].map(({ id }) => id);
    expect(new Set(ids).size).toBe(4);
    for (const id of ids) expect(id).toMatch(/^swp_[0-9a-f]{12}$/);
  });

  it("plans an experiment without targets or without samplers", () => {
    expect(buildPlan(anExperiment([], [hmc]), context)).toMatchObject({ tasks: [], cells: [] });
    expect(buildPlan(anExperiment([1], []), context).tasks).toHaveLength(1);
  });

  it("is a bug when a sampler has no numerics version", () => {
    expect(() => buildPlan(anExperiment([1], [{ name: "nuts", draws: 1 }]), context)).toThrow(/^bug: /);
  });

  it("any lists give one task a distinct configuration, one cell a pair, and needs that precede", () => {
    const seeds = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 6 });
    const samplers = fc.array(
      fc.record({ name: fc.constantFrom("hmc", "sgld"), draws: fc.integer({ min: 1, max: 2 }) }),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(seeds, samplers, (targets, methods) => {
        const plan = buildPlan(anExperiment(targets, methods), context);
        const numTargets = new Set(targets).size;
        const numMethods = new Set(methods.map(({ name, draws }) => `${name} ${draws}`)).size;
        expect(plan.tasks).toHaveLength(numTargets + numTargets * numMethods);
        expect(plan.cells).toHaveLength(targets.length * methods.length);
        expect(plan.cells.filter(({ isDuplicate }) => !isDuplicate)).toHaveLength(numTargets * numMethods);
        const position = new Map(plan.tasks.map(({ id }, index) => [id, index]));
        for (const [index, task] of plan.tasks.entries()) {
          for (const need of task.needs) expect(position.get(need)).toBeLessThan(index);
        }
        for (const { taskId } of plan.cells) expect(position.has(taskId)).toBe(true);
      }),
    );
  });
});
