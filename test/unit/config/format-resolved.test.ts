import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Experiment, resolveCell } from "../../../src/config/experiment.ts";
import { formatResolved } from "../../../src/config/format-resolved.ts";
import { loadExperiment } from "../../../src/config/load-experiment.ts";
import { packageRoot } from "../../../src/core/package-root.ts";
import { experimentText, load } from "../../support/experiment-file.ts";

/** Everything that ids and execution depend on. */
const contentOf = ({ targets, samplers, name, storeRoot, resources, retries }: Experiment) => ({
  targets: targets.map(({ presets, config }) => ({ presets, config })),
  cells: targets.map((target) => samplers.map((sampler) => resolveCell(target, sampler))),
  settings: { name, storeRoot, resources, retries },
});

const rich = `experiment: rich
precision: float32
store_root: elsewhere
timeout: { build: 2h }
resources: { sample: { memory: 2GiB } }
retries: 4
posterior: { loss: t_regression, prior_radius: 0.3 }
training: quick
targets:
  - { model: [small, wide], data: mixture, teacher: base, seed: 4..5 }
  - { model: deep_linear, data: base, seed: 1, posterior: { gamma: 0.5 } }
  - { model: [quadratic, normal_crossing], data: base, seed: 3, sampling: { chains: 2 } }
  - { model: base, data: small, seed: 2, overrides: { model: { widths: [3, 2], activation: none }, teacher: { hidden: 5 } } }
samplers:
  - { name: hmc, posterior: { prior_radius: 2 } }
  - { name: hmc, posterior: tight, precision: float64 }
  - { name: sgld, preset: sgld_rmsprop, seed: 1..2, overrides: { step_size: [1e-4, 1e-5] } }
  - { name: vi, sampling: { chains: 1 }, overrides: { M: 2, r: 3, r_per_component: [1, 2] } }
`;

describe("formatResolved", () => {
  it("prints a file that stands for the same experiment", () => {
    const experiment = load(rich);
    expect(contentOf(load(formatResolved(experiment)))).toEqual(contentOf(experiment));
  });

  it("prints the shipped experiment so that it reads back the same", () => {
    const experiment = loadExperiment(join(packageRoot, "config", "experiments.yaml"));
    expect(contentOf(load(formatResolved(experiment)))).toEqual(contentOf(experiment));
  });

  it("prints itself again: showing twice changes nothing", () => {
    const shown = formatResolved(load(rich));
    expect(formatResolved(load(shown))).toBe(shown);
  });

  it("shows every setting of a sampler with its value", () => {
    expect(formatResolved(load(experimentText("- { model: tiny, data: tiny, seed: 1 }")))).toContain(
      "trajectory_jitter: true",
    );
  });
});
