/**
 * Malformed experiment files and what is said about them: every mistake with its position, all at once.
 * The complete texts are in `config-mistakes.txt` beside this file.
 */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadExperiment } from "../../src/config/load-experiment.ts";
import { packageRoot } from "../../src/core/package-root.ts";
import { experimentText, type Files, mistakesOf, withFolder } from "../support/experiment-file.ts";

interface Case {
  readonly name: string;
  readonly files: Files | string;
  readonly sets?: readonly string[];
  /** `line:column  path` of each mistake in `experiment.yaml`, or `file:line:column  path`. */
  readonly at: readonly string[];
}

const target = "- { model: small, data: small, seed: 42 }";
const withSampler = (sampler: string): string => experimentText(target, sampler);

const cases: readonly Case[] = [
  { name: "empty file", files: "", at: ["1:1  (root)"] },
  { name: "comments only", files: "# nothing\n\n", at: ["1:1  (root)"] },
  { name: "a list at the root", files: "- 1\n- 2\n", at: ["1:1  (root)"] },
  { name: "a scalar at the root", files: "hello\n", at: ["1:1  (root)"] },
  { name: "no targets and no samplers", files: "experiment: x\n", at: ["1:1  targets", "1:1  samplers"] },
  { name: "empty targets", files: "targets: []\nsamplers: [{ name: hmc }]\n", at: ["1:10  targets"] },
  {
    name: "targets that are no list",
    files: "targets: { model: small }\nsamplers: [{ name: hmc }]\n",
    at: ["1:10  targets"],
  },
  { name: "a target that is no mapping", files: experimentText("- small"), at: ["2:5  targets.0"] },
  {
    name: "a misspelt top-level key",
    files: experimentText(target, "- { name: hmc }", "precison: float64\n"),
    at: ["1:1  precison"],
  },
  {
    name: "a key twice",
    files: experimentText("- { model: small, data: small, seed: 42, seed: 43 }"),
    at: ["2:44  targets.0.seed"],
  },
  { name: "a tab as indentation", files: "targets:\n\t- { model: small }\n", at: ["2:1  (root)"] },
  { name: "an unclosed bracket", files: "targets: [1, 2\nsamplers: 3\n", at: ["2:1  (root)"] },
  { name: "two documents", files: `${experimentText(target)}---\nb: 1\n`, at: ["5:1  (root)"] },
  { name: "an unknown tag", files: "experiment: !!python/name:os.system x\n", at: ["1:13  (root)"] },
  { name: "an unknown alias", files: experimentText("- *nobody"), at: ["2:5  targets.0"] },
  {
    name: "an alias that contains itself",
    files: `x: &x\n  y: *x\n${experimentText(target)}`,
    at: ["2:6  x.y.y"],
  },
  {
    name: "an alias bomb",
    files: `a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]\n${"bcdefgh"
      .split("")
      .map((name, i) => `${name}: &${name} [${`*${"abcdefg"[i]}, `.repeat(9)}]`)
      .join("\n")}\n${experimentText(target)}`,
    at: ["6:8  f.0"],
  },
  { name: "nesting without end", files: `a: ${"[".repeat(5000)}`, at: ["1:103  (root)"] },
  { name: "a block nested without end", files: `a:\n  ${"- ".repeat(5000)}1\n`, at: ["2:200  (root)"] },
  {
    name: "bytes that are not UTF-8",
    files: { "experiment.yaml": Buffer.from("experiment: a\nb: \xff\n", "latin1") },
    at: ["2:4  (root)"],
  },
  {
    name: "more than 10 MB",
    files: { "experiment.yaml": `# ${"x".repeat(10_000_001)}\n` },
    at: ["1:1  (root)"],
  },
  {
    name: "a number as key",
    files: `1: x\n${experimentText(target)}`,
    at: ["1:1  (root)"],
  },
  {
    name: "an interpolation",
    files: experimentText(target, "- { name: hmc }", "store_root: $" + "{oc.env:HOME}\n"),
    at: ["1:13  store_root"],
  },
  {
    name: "a name of an experiment that is a path",
    files: experimentText(target, "- { name: hmc }", 'experiment: "../x"\n'),
    at: ["1:13  experiment"],
  },
  {
    name: "contradictory spellings of precision",
    files: experimentText(target, "- { name: hmc }", "precision: float32\njax_enable_x64: true\n"),
    at: ["2:17  jax_enable_x64"],
  },
  {
    name: "a flag in YAML 1.1 spelling",
    files: experimentText(target, "- { name: hmc }", "jax_enable_x64: yes\n"),
    at: ["1:17  jax_enable_x64"],
  },
  {
    name: "wrong limits of tasks",
    files: experimentText(
      target,
      "- { name: hmc }",
      "retries: -1\ntimeout: { build: 2 hours, sample: 0s }\nresources: { build: { threads: 0 }, sample: { memory: lots } }\n",
    ),
    at: [
      "1:10  retries",
      "2:19  timeout.build",
      "2:36  timeout.sample",
      "3:32  resources.build.threads",
      "3:55  resources.sample.memory",
    ],
  },
  {
    name: "a missing preset",
    files: experimentText("- { model: smal, data: small, seed: 42 }"),
    at: ["2:14  targets.0.model"],
  },
  {
    name: "a preset that would leave its folder",
    files: experimentText("- { model: ../data/small, data: small, seed: 42 }"),
    at: ["2:14  targets.0.model"],
  },
  {
    name: "missing keys of a target",
    files: experimentText("- { model: small }"),
    at: ["2:5  targets.0.data", "2:5  targets.0.seed"],
  },
  {
    name: "wrong seeds",
    files: experimentText(
      ["- { model: small, data: small, seed: -1 }", "- { model: small, data: small, seed: 1.5 }"]
        .concat(
          "- { model: small, data: small, seed: 9007199254740993 }",
          "- { model: small, data: small, seed: 46..42 }",
        )
        .concat(
          "- { model: small, data: small, seed: [1, x, 5..] }",
          "- { model: small, data: small, seed: [] }",
        )
        .join("\n  "),
    ),
    at: [
      "2:40  targets.0.seed",
      "3:40  targets.1.seed",
      "4:40  targets.2.seed",
      "5:40  targets.3.seed",
      "6:44  targets.4.seed.1",
      "6:47  targets.4.seed.2",
      "7:40  targets.5.seed",
    ],
  },
  {
    name: "unknown and wrong overrides of a target",
    files: experimentText(
      "- { model: small, data: small, seed: 42, overrides: { modle: {}, model: { dept: 3, activation: rely, bias: 1 }, data: { n_train: 5, noise_scale: -1 } } }",
    ),
    at: [
      "2:57  targets.0.overrides.modle",
      "2:77  targets.0.overrides.model.dept",
      "2:98  targets.0.overrides.model.activation",
      "2:110  targets.0.overrides.model.bias",
      "2:123  targets.0.overrides.data.n_train",
      "2:148  targets.0.overrides.data.noise_scale",
    ],
  },
  {
    name: "a dotted key among overrides",
    files: experimentText("- { model: small, data: small, seed: 42, overrides: { data.n_data: 5 } }"),
    at: ["2:57  targets.0.overrides.data.n_data"],
  },
  {
    name: "widths against depth, and a teacher with two widths",
    files: experimentText(
      "- { model: small, data: small, seed: 42, overrides: { model: { depth: 3, widths: [4, 4] }, teacher: { hidden: 3, target_params: 9 } } }",
    ),
    at: ["2:73  targets.0.overrides.model.depth", "2:113  targets.0.overrides.teacher.hidden"],
  },
  {
    name: "an unknown kind of model",
    files: experimentText("- { model: small, data: small, seed: 42, overrides: { model: { kind: cnn } } }"),
    at: ["2:72  targets.0.overrides.model.kind"],
  },
  {
    name: "a rank, a curvature and exponents that fit no model",
    files: experimentText(
      [
        "- { model: deep_linear, data: small, seed: 1, overrides: { model: { rank: 4 } } }",
        "- { model: quadratic, data: small, seed: 1, overrides: { model: { curvature: [1, 2] } } }",
        "- { model: normal_crossing, data: small, seed: 1, overrides: { model: { exponents: [0, 0] } } }",
      ].join("\n  "),
    ),
    at: [
      "2:77  targets.0.overrides.model.rank",
      "3:80  targets.1.overrides.model.curvature",
      "4:86  targets.2.overrides.model.exponents",
    ],
  },
  {
    name: "teacher, training and data of a closed form",
    files: experimentText(
      "- { model: quadratic, data: small, teacher: small, training: long, seed: 1, overrides: { data: { x_dist: mixture } } }",
    ),
    at: ["2:47  targets.0.teacher", "2:64  targets.0.training", "2:108  targets.0.overrides.data.x_dist"],
  },
  {
    name: "a loss that does not fit the outputs or the noise",
    files: experimentText(
      [
        "- { model: small, data: small, seed: 1, posterior: { loss: cross_entropy } }",
        "- { model: small, data: small, seed: 1, posterior: { loss: t_regression }, overrides: { data: { noise_scale: 0 } } }",
      ].join("\n  "),
    ),
    at: ["2:62  targets.0.posterior.loss", "3:112  targets.1.overrides.data.noise_scale"],
  },
  {
    name: "momentum without sgd, and w* at a teacher of another shape",
    files: experimentText(
      [
        "- { model: small, data: small, seed: 1, training: { momentum: 0.9 } }",
        "- { model: base, data: small, teacher: small, seed: 1, training: none }",
      ].join("\n  "),
    ),
    at: ["2:65  targets.0.training.momentum", "3:42  targets.1.teacher"],
  },
  {
    name: "an unknown sampler",
    files: withSampler("- { name: hmcc }"),
    at: ["4:13  samplers.0.name"],
  },
  {
    name: "a sampler without a name",
    files: withSampler("- { overrides: { draws: 5 } }"),
    at: ["4:5  samplers.0.name"],
  },
  {
    name: "a step size of 0, no draws, no chains",
    files: withSampler("- { name: hmc, sampling: { chains: 0 }, overrides: { step_size: 0, draws: 0 } }"),
    at: [
      "4:38  samplers.0.sampling.chains",
      "4:67  samplers.0.overrides.step_size",
      "4:77  samplers.0.overrides.draws",
    ],
  },
  {
    name: "keys of the Python project that never had an effect",
    files: withSampler(
      "- { name: vi, overrides: { gamma: 1, tensorboard: true } }\n  - { name: hmc, overrides: { num_warmup: 5, chains: 2 } }",
    ),
    at: [
      "4:30  samplers.0.overrides.gamma",
      "4:53  samplers.0.overrides.tensorboard",
      "5:31  samplers.1.overrides.num_warmup",
      "5:46  samplers.1.overrides.chains",
    ],
  },
  {
    name: "a loss of a sampler",
    files: withSampler("- { name: hmc, posterior: { loss: mse } }"),
    at: ["4:31  samplers.0.posterior.loss"],
  },
  {
    name: "gamma with a radius, and beta twice",
    files: withSampler(
      "- { name: hmc, posterior: { gamma: 1, prior_radius: 2, beta: 1, beta_mode: fixed } }",
    ),
    at: ["4:38  samplers.0.posterior.gamma", "4:78  samplers.0.posterior.beta_mode"],
  },
  {
    name: "settings of samplers that contradict each other",
    files: withSampler(
      [
        "- { name: sgld, overrides: { steps: 100, warmup: 100 } }",
        "- { name: sgld, overrides: { steps: 100, warmup: 90, eval_every: 20 } }",
        "- { name: sgld, overrides: { warmup: 0, precond: adam } }",
        "- { name: mclmc, overrides: { frac_tune1: 0.5, frac_tune2: 0.5, frac_tune3: 0.5 } }",
        "- { name: mclmc, overrides: { frac_tune1: 0 } }",
        "- { name: hmc, overrides: { trajectory_jitter: false, num_integration_steps: 2.5 } }",
        "- { name: vi, overrides: { M: 2, r_per_component: [1, 5] } }",
      ].join("\n  "),
    ),
    at: [
      "4:52  samplers.0.overrides.warmup",
      "5:68  samplers.1.overrides.eval_every",
      "6:30  samplers.2.overrides.freeze_preconditioner",
      "7:79  samplers.3.overrides.frac_tune3",
      "8:45  samplers.4.overrides.frac_tune1",
      "9:80  samplers.5.overrides.num_integration_steps",
      "10:53  samplers.6.overrides.r_per_component",
    ],
  },
  {
    name: "ladders of one rung, and steps of size 0",
    files: withSampler(
      [
        "- { name: pt, overrides: { rungs: 1 } }",
        "- { name: pt, overrides: { ladder: custom, temperatures: [1] } }",
        "- { name: pt, overrides: { ladder: custom, temperatures: [1, 2], betas: [1, 0.5] } }",
        "- { name: pt, overrides: { max_temperature: 1 } }",
        "- { name: nuts, overrides: { step_size: 0 } }",
        "- { name: mclmc, overrides: { step_size: 0 } }",
        "- { name: sgld, overrides: { step_size: 0 } }",
        "- { name: sghmc, overrides: { step_size: 0 } }",
        "- { name: mala, overrides: { stepsize: 0.1 } }",
        "- { name: nuts, overrides: { mass_matrix: dense, adapt_mass_matrix: false } }",
      ].join("\n  "),
    ),
    at: [
      "4:37  samplers.0.overrides.rungs",
      "5:60  samplers.1.overrides.temperatures",
      "6:38  samplers.2.overrides.ladder",
      "7:47  samplers.3.overrides.max_temperature",
      "8:43  samplers.4.overrides.step_size",
      "9:44  samplers.5.overrides.step_size",
      "10:43  samplers.6.overrides.step_size",
      "11:44  samplers.7.overrides.step_size",
      "12:32  samplers.8.overrides.stepsize",
      "13:45  samplers.9.overrides.mass_matrix",
    ],
  },
  {
    name: "kernels of parallel tempering that do not fit its ladder",
    files: withSampler(
      [
        "- { name: pt, overrides: { kernel: [amclmc, custom] } }",
        "- { name: pt, overrides: { kernels: [hmc, rwmh] } }",
        "- { name: pt, overrides: { kernel: custom, rungs: 4, reference: true, kernels: [hmc, rwmh] } }",
        "- { name: pt, overrides: { kernel: custom, rungs: 2, kernels: [hmc, walk] } }",
        "- { name: pt, overrides: { kernel: [mala, nuts], num_integration_steps: 4 } }",
        "- { name: pt, overrides: { kernel: custom, rungs: 2, kernels: [mala, rwmh], max_depth: 5 } }",
      ].join("\n  "),
    ),
    at: [
      "4:39  samplers.0.overrides.kernel.0",
      "4:47  samplers.0.overrides.kernel.1",
      "5:39  samplers.1.overrides.kernels",
      "6:82  samplers.2.overrides.kernels",
      "7:71  samplers.3.overrides.kernels.1",
      "8:75  samplers.4.overrides.num_integration_steps",
      "9:90  samplers.5.overrides.max_depth",
    ],
  },
  {
    name: "settings of samplers that their targets make impossible",
    files: experimentText(
      "- { model: quadratic, data: small, seed: 1, overrides: { model: { dim: 1000, curvature: 1 } } }",
      [
        "- { name: pt, posterior: { gamma: 0 }, overrides: { reference: true } }",
        "- { name: pt, preset: pt_evidence, posterior: { gamma: 0 } }",
        "- { name: chees, sampling: { chains: 1 } }",
        "- { name: rwmh, overrides: { covariance: dense } }",
        "- { name: laplace, overrides: { hessian: dense } }",
        "- { name: vi, overrides: { algo: flow, d_latent: 400 } }",
        "- { name: vi, overrides: { algo: flow, d_latent: 100, flow_hidden: [2000, 2000] } }",
        "- { name: hmc, overrides: { draws: 3 } }",
        "- { name: sgld, overrides: { steps: 100, warmup: 20, eval_every: 40 } }",
        "- { name: vi, overrides: { eval_samples: 2 } }",
        "- { name: hmc, sampling: { until: { wall_sec: 600 } } }",
        "- { name: hmc, overrides: { mass_matrix: dense } }",
        "- { name: nuts, overrides: { mass_matrix: dense } }",
        "- { name: chees, overrides: { mass_matrix: dense } }",
      ].join("\n  "),
      "timeout: { sample: 10m }\n",
    ),
    at: [
      "5:66  samplers.0.overrides.reference",
      "6:5  samplers.1.overrides.reference",
      "7:40  samplers.2.sampling.chains",
      "8:44  samplers.3.overrides.covariance",
      "9:44  samplers.4.overrides.hessian",
      "10:52  samplers.5.overrides.d_latent",
      "11:70  samplers.6.overrides.flow_hidden",
      "12:38  samplers.7.overrides.draws",
      "13:68  samplers.8.overrides.eval_every",
      "14:44  samplers.9.overrides.eval_samples",
      "15:49  samplers.10.sampling.until.wall_sec",
      "16:44  samplers.11.overrides.mass_matrix",
      "17:45  samplers.12.overrides.mass_matrix",
      "18:46  samplers.13.overrides.mass_matrix",
    ],
  },
  {
    name: "isokinetic dynamics on a line",
    files: experimentText(
      "- { model: quadratic, data: small, seed: 1, overrides: { model: { dim: 1, curvature: 1 } } }",
      "- { name: mclmc }",
    ),
    at: ["4:13  samplers.0.name"],
  },
  {
    name: "parameters that the networks of targets do not have",
    files: experimentText(
      [
        '- { model: small, data: small, seed: 1, posterior: { parameters: "layers[0].scales" } }',
        '- { model: small, data: small, seed: 2, overrides: { posterior: { parameters: "layers[7]" } } }',
        "- { model: quadratic, data: small, seed: 3 }",
      ].join("\n  "),
      [
        "- { name: hmc }",
        '- { name: hmc, posterior: { parameters: "layers[0] + layers[99]" } }',
        '- { name: amclmc, posterior: { parameters: "layers[2].biases" } }',
      ].join("\n  "),
      'posterior: { parameters: "layers[1]" }\n',
    ),
    at: [
      "1:26  posterior.parameters",
      "3:68  targets.0.posterior.parameters",
      "4:81  targets.1.overrides.posterior.parameters",
      "8:43  samplers.1.posterior.parameters",
      "9:13  samplers.2.name",
      "9:46  samplers.2.posterior.parameters",
    ],
  },
  {
    name: "cycles of sgld that record too little",
    files: withSampler(
      [
        "- { name: sgld, overrides: { steps: 1000, warmup: 0, eval_every: 150, schedule: cyclical, cycles: 1, exploration: 0.95 } }",
        "- { name: sgld, overrides: { steps: 1000, warmup: 0, eval_every: 200, schedule: cyclical, cycles: 1, exploration: 0.9 } }",
        "- { name: sgld, overrides: { steps: 1000, warmup: 0, eval_every: 100, schedule: cyclical } }",
      ].join("\n  "),
    ),
    at: ["4:68  samplers.0.overrides.eval_every", "5:68  samplers.1.overrides.eval_every"],
  },
  {
    name: "a preset of another sampler",
    files: withSampler("- { name: hmc, preset: sgld_adam }"),
    at: ["4:26  samplers.0.preset"],
  },
  {
    name: "blocks that are no mappings, each told once",
    files: experimentText(
      "- { model: tiny, data: tiny, seed: 1, overrides: 4, sampling: 3, posterior: 5, training: 6 }",
      [
        "- { name: hmc, overrides: 4 }",
        "- { name: hmc, sampling: 3 }",
        "- { name: hmc, posterior: [1] }",
      ].join("\n  "),
      "sampling: 3\nposterior: [1]\ntraining: 4\nresources: 5\n",
    ),
    at: [
      "1:11  sampling",
      "2:12  posterior",
      "3:11  training",
      "4:12  resources",
      "6:52  targets.0.overrides",
      "6:65  targets.0.sampling",
      "6:79  targets.0.posterior",
      "6:92  targets.0.training",
      "8:29  samplers.0.overrides",
      "9:28  samplers.1.sampling",
      "10:30  samplers.2.posterior.0",
    ],
  },
  {
    name: "a setting of flow VI at another sampler",
    files: withSampler("- { name: hmc, overrides: { flow_depth: 2 } }"),
    at: ["4:31  samplers.0.overrides.flow_depth"],
  },
  {
    name: "a mistake inside a preset of the user",
    files: {
      "experiment.yaml": experimentText("- { model: mine, data: small, seed: 1 }"),
      "presets/model/mine.yaml": "# Mine.\nin_dim: four\ndepth: 1\nwidth: 3\n",
    },
    at: ["presets/model/mine.yaml:2:9  in_dim", "presets/model/mine.yaml:4:1  width"],
  },
  {
    name: "a preset of the user that is not YAML",
    files: {
      "experiment.yaml": experimentText("- { model: mine, data: small, seed: 1 }"),
      "presets/model/mine.yaml": "a: [1\n",
    },
    at: ["presets/model/mine.yaml:2:1  (root)"],
  },
  {
    name: "too many entries",
    files: experimentText("- { model: small, data: small, seed: 1..5000, posterior: { gamma: [1, 2, 3] } }"),
    at: ["2:5  targets.0"],
  },
  {
    name: "wrong --set",
    files: experimentText(target),
    sets: [
      "targets.3.seed=1",
      "targets.0.sed=7",
      "samplers.0.overrides.step_size=-1",
      "experiment.x=1",
      "experiment=[1",
    ],
    at: [
      "--set experiment.x=1  experiment.x",
      "--set experiment=[1  experiment",
      "--set samplers.0.overrides.step_size=-1  samplers.0.overrides.step_size",
      "--set targets.0.sed=7  targets.0.sed",
      "--set targets.3.seed=1  targets.3.seed",
    ],
  },
];

const textOf = ({ files, sets }: Case): string[] => mistakesOf(files, { sets: sets ?? [] });

describe("mistakes in experiment files", () => {
  it.each(cases)("$name: every mistake is reported at its position", (one) => {
    const places = textOf(one).map(
      (line) => /^(?:experiment\.yaml:)?(.*? {2}\S+?): /.exec(line)?.[1] ?? line,
    );
    expect(places).toEqual(one.at);
  });

  const many = (count: number, one: (index: number) => string): string =>
    Array.from({ length: count }, (_, i) => one(i)).join("");
  const ones = `[1${many(200_000, () => ",1")}]`;
  const good = experimentText(target);
  it.each([
    [
      "300,000 unknown keys",
      `${many(300_000, (i) => `key_${i}: 1\n`)}${good}`,
      /more than 1,000,000 words and signs/,
    ],
    [
      "100,000 unknown keys",
      `${many(100_000, (i) => `key_${i}: 1\n`)}${good}`,
      /got the unknown key "key_0"/,
    ],
    [
      "100,000 unknown settings",
      withSampler(`- { name: hmc, overrides: { ${many(100_000, (i) => `key_${i}: 1,`)} } }`),
      /got the unknown key "key_0"/,
    ],
    ["130,000 times one key", `${many(130_000, () => "retries: 1\n")}${good}`, /got the key a second time/],
    ["130,000 numbers as keys", `${many(130_000, (i) => `${i}: 1\n`)}${good}`, /expected a name/],
    ["200,000 merged mappings", `<<: [{}${many(200_000, () => ",{}")}]\n${good}k: 1\n`, /unknown key "k"/],
    [
      "200,000 seeds",
      experimentText(`- { model: small, data: small, seed: ${ones} }`),
      /more than 10,000 entries/,
    ],
    [
      "200,000 targets",
      `targets: ${ones}\nsamplers: [{ name: hmc }]\n`,
      /targets.0: got 1; expected a mapping/,
    ],
    [
      "200,000 widths",
      experimentText(
        `- { model: deep_linear, data: small, seed: 1, overrides: { model: { widths: ${ones}, rank: 2 } } }`,
      ),
      /got 2; expected at most 1/,
    ],
  ])(
    "%s are refused within seconds",
    (_, text, first) => {
      const lines = mistakesOf(text);
      expect(lines.length).toBeLessThanOrEqual(1000);
      expect(lines[0]).toMatch(first);
    },
    120_000,
  );

  it("past the thousandth, unknown keys are one mistake", () => {
    const text = `${many(1500, (i) => `key_${i}: 1\n`)}${good}`;
    const thrown = withFolder({ "experiment.yaml": text }, (folder) => {
      try {
        return loadExperiment(join(folder, "experiment.yaml"));
      } catch (error) {
        return error;
      }
    });
    expect(thrown).toMatchObject({
      message: expect.stringMatching(/^1001 mistakes in .*[\s\S]*and 951 more$/),
    });
  });

  it("reads as in the golden file", async () => {
    const shown = cases.map((one) => [`# ${one.name}`, ...textOf(one)].join("\n")).join("\n\n");
    const text = `${shown.replaceAll(join(packageRoot, "/"), "")}\n`;
    await expect(text).toMatchFileSnapshot("config-mistakes.txt");
  });
});
