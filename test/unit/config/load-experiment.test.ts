import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resolveCell } from "../../../src/config/experiment.ts";
import { SweepError } from "../../../src/core/errors.ts";
import { experimentText, load, mistakesOf } from "../../support/experiment-file.ts";

const target = "- { model: small, data: small, seed: 42 }";

/** Sections of the users' guide to sweeps, as printed there. */
const guide: Readonly<
  Record<string, { readonly text: string; readonly targets: number; readonly samplers: number }>
> = {
  "model architecture": {
    text: experimentText(`- { model: small, data: base, seed: 42 }
  - { model: base,  data: base, seed: 42 }
  - { model: wide,  data: base, seed: 42 }

  # Using overrides for one-off variations
  - { model: base, data: base, seed: 42,
      overrides: { model: { depth: 8, activation: gelu } } }`),
    targets: 4,
    samplers: 1,
  },
  "data distribution": {
    text: experimentText(`- { model: base, data: gauss_iso, seed: 42 }
  - { model: base, data: gauss_aniso, seed: 42 }
  - { model: base, data: mixture, seed: 42 }
  - { model: base, data: heavy_tail, seed: 42,
      overrides: { data: { noise_model: student_t } } }`),
    targets: 4,
    samplers: 1,
  },
  "sampler hyperparameters": {
    text: experimentText(
      target,
      `- { name: hmc, overrides: { num_integration_steps: 5 } }
  - { name: hmc, overrides: { num_integration_steps: 10 } }
  - { name: hmc, overrides: { num_integration_steps: 20 } }
  - { name: sgld, overrides: { step_size: 1e-5 } }
  - { name: sgld, overrides: { step_size: 1e-6 } }
  - { name: sgld, overrides: { step_size: 1e-7 } }
  - { name: vi, overrides: { M: 4, r: 1 } }
  - { name: vi, overrides: { M: 8, r: 2 } }
  - { name: vi, overrides: { M: 16, r: 4 } }`,
    ),
    targets: 1,
    samplers: 9,
  },
  "start small": {
    text: experimentText(target, "- { name: vi, overrides: { steps: 100 } }  # Fast VI for testing"),
    targets: 1,
    samplers: 1,
  },
  ablation: {
    text: experimentText(`- { model: base, data: base, seed: 42,
      overrides: { model: { bias: true } } }
  - { model: base, data: base, seed: 42,
      overrides: { model: { bias: false } } }
  - { model: base, data: base, seed: 42,
      overrides: { model: { activation: relu } } }
  - { model: base, data: base, seed: 42,
      overrides: { model: { activation: tanh } } }`),
    targets: 4,
    samplers: 1,
  },
  scaling: {
    text: experimentText(`- { model: tiny,  data: tiny,  seed: 42 }  # d=10, n=50
  - { model: small, data: small, seed: 42 }  # d=50, n=100
  - { model: base,  data: base,  seed: 42 }  # d=500, n=1000
  - { model: large, data: large, seed: 42 }  # d=5000, n=10000`),
    targets: 4,
    samplers: 1,
  },
};

describe("loadExperiment", () => {
  it.each(Object.entries(guide))(
    "takes the %s sweep of the users' guide unchanged",
    (_, { text, targets, samplers }) => {
      const experiment = load(text);
      expect([experiment.targets.length, experiment.samplers.length]).toEqual([targets, samplers]);
    },
  );

  it("expands lists and ranges in the documented order, seeds fastest, whatever the order of keys", () => {
    const entry = "- { seed: [7, 42..43], data: [small, base], model: [tiny, small] }";
    const labels = load(experimentText(entry)).targets.map(({ label }) => label);
    const expected = ["tiny/small", "tiny/base", "small/small", "small/base"].flatMap((head) =>
      [7, 42, 43].map((seed) => `${head} seed ${seed}`),
    );
    expect(labels).toEqual(expected);
  });

  it("expands six targets from a list of models and a list of seeds", () => {
    const text = experimentText("- { model: [small, base], data: base, seed: [42, 43, 44] }");
    expect(load(text).targets.map(({ presets, config }) => [presets.model, config.seed])).toEqual([
      ["small", 42],
      ["small", 43],
      ["small", 44],
      ["base", 42],
      ["base", 43],
      ["base", 44],
    ]);
  });

  it("expands sampler overrides, posterior, sampling, precision and names alike", () => {
    const samplers = load(
      experimentText(
        target,
        `- { name: sgld, overrides: { step_size: [1e-5, 1e-6], precond: [none, adam] } }
  - { name: hmc, posterior: { gamma: [1, 10, 100] }, sampling: { chains: [2, 8] } }
  - { name: [hmc, mclmc], precision: [float64, float32], seed: 1..2 }`,
      ),
    ).samplers;
    expect(samplers.map(({ label }) => label)).toEqual([
      "sgld step_size=1e-5 precond=none",
      "sgld step_size=1e-5 precond=adam",
      "sgld step_size=1e-6 precond=none",
      "sgld step_size=1e-6 precond=adam",
      ...["gamma=1", "gamma=10", "gamma=100"].flatMap((gamma) => [
        `hmc ${gamma} chains=2`,
        `hmc ${gamma} chains=8`,
      ]),
      ...["hmc", "mclmc"].flatMap((name) =>
        ["float64", "float32"].flatMap((precision) =>
          [1, 2].map((seed) => `${name} seed ${seed} precision=${precision}`),
        ),
      ),
    ]);
  });

  it("takes a list for a key that is a list, and expands a list of lists", () => {
    const widths = (value: string) =>
      load(
        experimentText(`- { model: base, data: small, seed: 1, overrides: { model: { widths: ${value} } } }`),
      ).targets.map(({ config }) => config.model.kind === "mlp" && config.model.widths);
    expect(widths("[8, 4]")).toEqual([[8, 4]]);
    expect(widths("[[8, 4], [5]]")).toEqual([[8, 4], [5]]);
    expect(
      mistakesOf(
        experimentText(
          "- { model: quadratic, data: small, seed: 1, overrides: { model: { dim: 2, curvature: [[1, 2], 3] } } }",
        ),
      ),
    ).toEqual([]);
  });

  it("lets the highest layer decide between widths, target_params and hidden", () => {
    const model = (over: string) =>
      load(experimentText(`- { model: base, data: small, seed: 1, overrides: { model: ${over} } }`))
        .targets[0]?.config.model;
    expect(model("{ widths: [5, 5] }")).toMatchObject({
      depth: 2,
      widths: [5, 5],
      target_params: null,
      hidden: null,
    });
    expect(model("{ hidden: 7 }")).toMatchObject({ depth: 3, widths: null, target_params: null, hidden: 7 });
    expect(model("{ target_params: 10000, in_dim: 32 }")).toMatchObject({
      depth: 3,
      in_dim: 32,
      target_params: 10_000,
    });
    expect(model("{ depth: 0 }")).toMatchObject({
      depth: 0,
      widths: null,
      target_params: null,
      hidden: null,
    });
  });

  it("starts afresh from an override of another kind of model", () => {
    const [first] = load(
      experimentText(
        "- { model: base, data: small, seed: 1, overrides: { model: { kind: power_sum, exponents: [2, 2] } } }",
      ),
    ).targets;
    expect(first?.config.model).toEqual({ kind: "power_sum", exponents: [2, 2], coefficient: 1 });
  });

  it("knows the Python project's spelling of the quadratic target", () => {
    const text =
      "- { model: base, data: small, seed: 1, overrides: { target: { name: quadratic, quad_dim: 6, seed: 9 } } }";
    const [first] = load(experimentText(text)).targets;
    expect(first?.config.model).toEqual({ kind: "quadratic", dim: 6, curvature: 1 });
    expect(first?.config.seed).toBe(9);
  });

  it("keeps everything but the number of data out of the configuration of a closed form", () => {
    const [one, other] = load(
      experimentText(
        "- { model: quadratic, data: [small, tiny], seed: 1, overrides: { data: { n_data: 70 } } }",
      ),
    ).targets;
    expect(one?.config).toEqual(other?.config);
    expect(one?.config.data.n_data).toBe(70);
  });

  it("lays posterior and sampling of the sampler over the target's, and those over the top level's", () => {
    const { targets, samplers } = load(
      experimentText(
        "- { model: small, data: small, seed: 1, posterior: { gamma: 2, beta: 0.5 }, sampling: { chains: 3 } }",
        "- { name: hmc }\n  - { name: hmc, posterior: { prior_radius: 0.1 }, sampling: { start_scale: 0 } }",
        "posterior: tight\nsampling: { chains: 7, start_scale: 0.5 }\n",
      ),
    );
    const cells = samplers.map((sampler) =>
      resolveCell(targets[0] as NonNullable<(typeof targets)[0]>, sampler),
    );
    expect(cells.map(({ posterior }) => posterior)).toEqual([
      { beta_mode: "fixed", beta0: 0.5, gamma: 2, prior_radius: null },
      { beta_mode: "fixed", beta0: 0.5, gamma: null, prior_radius: 0.1 },
    ]);
    expect(cells.map(({ sampling }) => sampling)).toEqual([
      { chains: 3, start_scale: 0.5 },
      { chains: 3, start_scale: 0 },
    ]);
  });

  it("restricts a run to the weights that the highest layer names; a list is one run each, null is all", () => {
    const { targets, samplers } = load(
      experimentText(
        "- { model: small, data: small, seed: 1 }",
        '- { name: hmc }\n  - { name: hmc, posterior: { parameters: ["layers[0] + layers[1].biases", null] } }',
        'posterior: { parameters: "layers[1]" }\n',
      ),
    );
    const [small] = targets;
    if (small === undefined) throw new Error("bug: no target");
    const cells = samplers.map((sampler) => resolveCell(small, sampler).posterior);
    expect(cells.map(({ parameters }) => parameters)).toEqual([
      "layers[1]",
      "layers[0] + layers[1].biases",
      undefined,
    ]);
    // All weights have the run ids that they had before restrictions were known.
    expect(Object.keys(cells[2] ?? {})).toEqual(["beta_mode", "beta0", "gamma", "prior_radius"]);
  });

  it("refuses layers that the network does not have, with their line", () => {
    const mistakes = (model: string, parameters: string) =>
      mistakesOf(
        experimentText(
          `- { model: ${model}, data: small, seed: 1 }`,
          `- { name: hmc, posterior: { parameters: "${parameters}" } }`,
        ),
      );
    expect(mistakes("small", "layers[0]")).toEqual([]);
    expect(mistakes("small", "layers[0]+layers[99]")).toEqual([
      expect.stringMatching(/^experiment\.yaml:4:43 .*layers\[99\].*expected layers from layers\[0\]/),
    ]);
    expect(mistakes("quadratic", "layers[0]")[0]).toContain("which has no layers");
    expect(mistakes("small", "layer 0")[0]).toContain(
      "expected layers[0], layers[0].weights, or several joined by +",
    );
  });

  it("lays the goals of sampling.until over each other key by key; null takes one away, or all", () => {
    const { targets, samplers } = load(
      experimentText(
        "- { model: small, data: small, seed: 1, sampling: { until: { ess_bulk: 400 } } }",
        [
          "- { name: hmc }",
          "- { name: hmc, sampling: { until: { mcse_rel: [null, 0.01] } } }",
          "- { name: hmc, sampling: { until: null } }",
        ].join("\n  "),
        "sampling: { until: { mcse_rel: 0.05, ess_bulk: 100, wall_sec: 60 } }\n",
      ),
    );
    const cells = samplers.map((sampler) =>
      resolveCell(targets[0] as NonNullable<(typeof targets)[0]>, sampler),
    );
    expect(cells.map(({ sampling }) => sampling)).toEqual([
      { chains: 4, start_scale: 0.01, until: { mcse_rel: 0.05, ess_bulk: 400, wall_sec: 60 } },
      { chains: 4, start_scale: 0.01, until: { ess_bulk: 400, wall_sec: 60 } },
      { chains: 4, start_scale: 0.01, until: { mcse_rel: 0.01, ess_bulk: 400, wall_sec: 60 } },
      { chains: 4, start_scale: 0.01 },
    ]);
  });

  it("takes the loss from the target, and df and scale of t_regression from its data", () => {
    const [first, second] = load(
      experimentText(
        "- { model: small, data: heavy_tail, seed: 1, overrides: { data: { noise_scale: 0.3, student_df: 5 } } }\n  - { model: small, data: small, seed: 1, overrides: { posterior: { loss: mse } } }",
        "- { name: hmc }",
        "posterior: { loss: t_regression }\n",
      ),
    ).targets;
    expect(first?.config.loss).toEqual({ kind: "t_regression", df: 5, scale: 0.3 });
    expect(second?.config.loss).toEqual({ kind: "mse" });
  });

  it("merges training from preset, top level, target and overrides, highest last", () => {
    const [first] = load(
      experimentText(
        "- { model: small, data: small, seed: 1, training: { preset: quick, learning_rate: 0.5 }, overrides: { training: { steps: 7 } } }",
        "- { name: hmc }",
        "training: { optimizer: sgd, momentum: 0.9 }\n",
      ),
    ).targets;
    expect(first?.config.training).toMatchObject({
      optimizer: "sgd",
      momentum: 0.9,
      steps: 7,
      learning_rate: 0.5,
      polish_steps: 200,
      at: "trained",
    });
  });

  it("puts w* at the teacher for deep linear models unless told otherwise", () => {
    const at = (training: string) =>
      load(experimentText(`- { model: deep_linear, data: small, seed: 1${training} }`)).targets[0]?.config
        .training.at;
    expect(at("")).toBe("teacher");
    expect(at(", training: { at: trained }")).toBe("trained");
  });

  it("takes precision from the sampler, its dtype, or the file, in this order", () => {
    const samplers =
      "- { name: hmc }\n  - { name: sgld, overrides: { dtype: float64 } }\n  - { name: vi, precision: float64 }";
    const experiment = load(experimentText(target, samplers, "jax_enable_x64: false\n"));
    expect(experiment.samplers.map(({ precision }) => precision)).toEqual(["float32", "float64", "float64"]);
    expect(load(experimentText(target)).precision).toBe("float64");
  });

  it("reads limits of tasks in seconds and MiB", () => {
    const top =
      "timeout: { build: 1h30m, sample: 02:00:30 }\nresources: { build: { threads: 2, memory: 4GiB }, sample: { memory: 512 } }\nretries: 3\n";
    const { resources, retries } = load(experimentText(target, "- { name: hmc }", top));
    expect(resources).toEqual({
      build: { threads: 2, memoryMiB: 4096, timeoutSec: 5400 },
      sample: { threads: null, memoryMiB: 512, timeoutSec: 7230 },
    });
    expect(retries).toBe(3);
    const { resources: one } = load(experimentText(target, "- { name: hmc }", "timeout: 90\n"));
    expect([one.build.timeoutSec, one.sample.timeoutSec]).toEqual([90, 90]);
  });

  it("keeps equal entries, and tells different entries of the same label apart", () => {
    const files = {
      "experiment.yaml": experimentText(
        `${target}\n  ${target}`,
        "- { name: hmc, overrides: { draws: 5, warmup: 1, thinning: 1, step_size: 1, target_acceptance: 0.7 } }\n  - { name: hmc, overrides: { draws: 5, warmup: 1, thinning: 1, step_size: 1, target_acceptance: 0.8 } }",
      ),
    };
    const { targets, samplers } = load(files);
    expect(targets.map(({ label }) => label)).toEqual(["small/small seed 42", "small/small seed 42"]);
    expect(samplers.map(({ label }) => label)).toEqual([
      "hmc draws=5 warmup=1 thinning=1 step_size=1 +1",
      "hmc draws=5 warmup=1 thinning=1 step_size=1 +1 (2)",
    ]);
  });

  it("knows anchors, aliases and merge keys", () => {
    const text = `targets:
  - &first { model: small, data: small, seed: 1 }
  - { <<: *first, seed: 2 }
samplers:
  - { name: hmc, overrides: &fast { draws: 10, warmup: 5 } }
  - { name: hmc, overrides: { <<: *fast, draws: 20 } }
`;
    const { targets, samplers } = load(text);
    expect(targets.map(({ config }) => config.seed)).toEqual([1, 2]);
    expect(samplers.map(({ settings }) => [settings["draws"], settings["warmup"]])).toEqual([
      [10, 5],
      [20, 5],
    ]);
  });

  it("takes the user's presets before the packaged ones", () => {
    const [first] = load({
      "experiment.yaml": experimentText("- { model: base, data: mine, seed: 1 }"),
      "presets/model/base.yaml": "in_dim: 3\nwidths: [2]\n",
      "presets/data/mine.yml": "n_data: 17\n",
    }).targets;
    expect(first?.config.model).toMatchObject({ in_dim: 3, widths: [2], depth: 1 });
    expect(first?.config.data.n_data).toBe(17);
  });

  it("says NOT_FOUND of a file that does not exist", () => {
    const files = { "other.yaml": "" };
    expect(() => load(files)).toThrow(SweepError);
    expect(() => load(files)).toThrow(expect.objectContaining({ code: "NOT_FOUND" }));
  });

  it("resolves 100 x 100 entries", () => {
    const text = experimentText(
      "- { model: small, data: small, seed: 1..100 }",
      "- { name: hmc, seed: 1..100 }",
    );
    const { targets, samplers } = load(text);
    expect([targets.length, samplers.length]).toEqual([100, 100]);
  });
});

/** A valid file that random edits start from. */
const valid = `experiment: demo
precision: float64
posterior: { gamma: 1.0 }
timeout: { build: 2h }
targets:
  - { model: [small, base], data: base, seed: 42..43 }
  - model: deep_linear
    data: &data small
    seed: 7
    overrides: { model: { widths: [4, 2, 4], rank: 1 } }
samplers:
  - { name: hmc, overrides: { draws: [100, 200] } }
  - { name: sgld, preset: sgld_adam, posterior: { beta: 0.5 } }
`;

const position = /^(?:experiment\.yaml:\d+:\d+|--set .*) {2}\S/;

describe("loadExperiment under random edits", () => {
  it("takes the file that edits start from", () => {
    expect(mistakesOf(valid)).toEqual([]);
  });

  it("answers any edit of characters with an experiment or mistakes that all have a position", () => {
    const edit = fc.record({
      at: fc.nat(valid.length),
      remove: fc.nat(12),
      insert: fc.oneof(
        fc.constantFrom(
          ...Array.from("[]{}:,-#&*!|>'\"%@`?\t\n\0"),
          "<<: ",
          "*data",
          "1e999",
          ".nan",
          "null",
          "~",
          "__proto__: 1",
          "- ",
        ),
        fc.string({ maxLength: 6, unit: "binary" }),
      ),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        const text = edits.reduce(
          (before, { at, remove, insert }) => before.slice(0, at) + insert + before.slice(at + remove),
          valid,
        );
        expect(mistakesOf(text).filter((line) => !position.test(line))).toEqual([]);
      }),
      { numRuns: 250, seed: 201 },
    );
  });

  it("answers any value at any path with an experiment or mistakes that all have a position", () => {
    const steps =
      "experiment,precision,posterior,gamma,targets,0,1,samplers,model,data,seed,overrides,name,draws,constructor,toString,x";
    const path = fc.array(fc.constantFrom(...steps.split(",")), { minLength: 1, maxLength: 5 });
    const value = fc.oneof(
      fc.json({ maxDepth: 3 }),
      fc.string(),
      fc.constantFrom("1..3", "[]", "{}", "-1", "1e-400"),
    );
    fc.assert(
      fc.property(path, value, (where, what) => {
        const lines = mistakesOf(valid, { sets: [`${where.join(".")}=${what}`] });
        expect(lines.filter((line) => !position.test(line))).toEqual([]);
      }),
      { numRuns: 250, seed: 202 },
    );
  });

  it("answers any bytes with mistakes that all have a position", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const lines = mistakesOf({ "experiment.yaml": bytes });
        expect(lines.length).toBeGreaterThan(0);
        expect(lines.filter((line) => !position.test(line))).toEqual([]);
      }),
      { numRuns: 200, seed: 203 },
    );
  });
});
