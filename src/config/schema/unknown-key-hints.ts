/**
 * What to write instead of keys that users of the Python project know but that do not exist here, or never had an effect.
 */

const inPosterior =
  "The posterior is no setting of the algorithm: write it under `posterior:` of the sampler or target.";
const inSampling = "It is shared by all samplers: write it under `sampling:`.";
const noProgress = "Progress is always shown; remove it.";
const flowOnly = "It belongs to `vi` with `algo: flow`; remove it.";

const hints: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  experiment: {
    jax: "Write `precision: float64` or `precision: float32`.",
    store: "Write `store_root: ...`.",
    runtime: "Seeds are written at each target and sampler.",
    use_tqdm: noProgress,
  },
  target: {
    teacher_seed: "The teacher's weights follow from `seed`.",
    name: "A target is named by `model`, `data`, `teacher` and `seed`.",
  },
  overrides: {
    sampler: "Targets have no sampler settings: use `samplers:` or `sampling:`.",
    sampling: "Write `sampling:` beside `overrides`, not inside.",
    jax: "Write `precision:` at top level.",
    seed: "Write `seed:` beside `overrides`, not inside.",
    runtime: "Seeds are written at each target and sampler.",
    store: "Write `store_root:` at top level.",
    use_tqdm: noProgress,
    progress_update_every: noProgress,
    profile_adaptation: "It never had an effect; remove it.",
  },
  model: { width_factor: 'Use "widths" or "target_params".', use_bias: 'Did you mean "bias"?' },
  data: {
    n_train: 'Did you mean "n_data"?',
    n: 'Did you mean "n_data"?',
    seed: "Write `seed:` at the target.",
  },
  training: {
    eval_every: "Training records its loss by itself; remove it.",
    lr: 'Did you mean "learning_rate"?',
    erm_steps: 'Did you mean "steps"?',
  },
  "sampler entry": {
    chains: inSampling,
    settings: 'Did you mean "overrides"?',
  },
  "sampler posterior": {
    loss: "The weights w* were trained with the target's loss, so that a sampler cannot change it: write `posterior: { loss: ... }` at the target or at top level.",
  },
  sampler: {
    num_warmup: 'Did you mean "warmup"?',
    num_samples: 'Did you mean "draws"?',
    num_draws: 'Did you mean "draws"?',
    num_chains: inSampling,
    chains: inSampling,
    start_scale: inSampling,
    gamma: inPosterior,
    beta: inPosterior,
    beta0: inPosterior,
    beta_mode: inPosterior,
    prior_radius: inPosterior,
    loss: "The loss belongs to the target: write `posterior: { loss: ... }` there.",
    seed: "Write `seed:` beside `overrides`, not inside.",
    precision: "Write `precision:` beside `overrides`, not inside.",
    max_tree_depth: "It belongs to NUTS; remove it.",
    trajectory_length: "Use `num_integration_steps` (hmc) or `L` (mclmc).",
    eta0: 'Did you mean "step_size"?',
    precond_type: 'Did you mean "precond"?',
    target_accept: 'Did you mean "target_acceptance"?',
    d_latent: flowOnly,
    sigma_perp: flowOnly,
    flow_depth: flowOnly,
    flow_hidden: flowOnly,
    flow_type: flowOnly,
  },
};

/** A sentence on what to write instead, or undefined. A key with a dot is a nested key written wrong. */
export const unknownKeyHint = (block: string, key: string): string | undefined => {
  const table = hints[block];
  if (table !== undefined && Object.hasOwn(table, key)) return table[key];
  if (!key.includes(".")) return undefined;
  const nested = key.split(".").reduceRight((inner, step) => `{ ${step}: ${inner} }`, "...");
  return `A dot does not nest keys in YAML: write ${nested}.`;
};
