/**
 * Experiment → the YAML that `config show` prints: every list expanded, every key with its value.
 *
 * The text is itself an experiment file that stands for the same targets and samplers (and so the same ids), without
 * needing any preset but the ones it names.
 */
import { stringify } from "yaml";
import type { Experiment, Precision, ResolvedSampler, ResolvedTarget, ResourceLimits } from "./experiment.ts";
import { isClosedForm } from "./schema/model.ts";
import type { PosteriorLayer } from "./schema/posterior.ts";

/** YAML text of a resolved experiment, ending in a newline. */
export const formatResolved = (experiment: Experiment): string =>
  stringify(resolvedFile(experiment), { aliasDuplicateObjects: false, lineWidth: 0 });

/** The same as plain data, for `config show --json`. */
export const resolvedFile = (experiment: Experiment): Record<string, unknown> => ({
  experiment: experiment.name,
  store_root: experiment.storeRoot,
  precision: experiment.precision,
  resources: {
    build: resourcesOf(experiment.resources.build),
    sample: resourcesOf(experiment.resources.sample),
  },
  timeout: {
    build: experiment.resources.build.timeoutSec,
    sample: experiment.resources.sample.timeoutSec,
  },
  retries: experiment.retries,
  targets: experiment.targets.map(targetEntry),
  samplers: experiment.samplers.map((sampler) => samplerEntry(sampler, experiment.precision)),
});

const resourcesOf = ({ threads, memoryMiB }: ResourceLimits) => ({ threads, memory: memoryMiB });

const targetEntry = ({ presets, config, posterior, sampling }: ResolvedTarget): Record<string, unknown> => {
  const { model, data, teacher, training, loss } = config;
  const isClosed = isClosedForm(model.kind);
  const entry = { ...presets, seed: config.seed };
  if (isClosed) {
    const overrides = { model, data: { n_data: data.n_data } };
    return { ...entry, sampling, posterior: withoutUnset(posterior), overrides };
  }
  const overrides = { model, data, ...(Object.keys(teacher).length > 0 ? { teacher } : {}), training };
  return { ...entry, sampling, posterior: { loss: loss.kind, ...withoutUnset(posterior) }, overrides };
};

const samplerEntry = (sampler: ResolvedSampler, usual: Precision): Record<string, unknown> => {
  const { name, seed, precision, posterior, sampling, settings } = sampler;
  return {
    name,
    seed,
    ...(precision === usual ? {} : { precision }),
    ...(Object.keys(sampling).length > 0 ? { sampling } : {}),
    ...(Object.keys(withoutUnset(posterior)).length > 0 ? { posterior: withoutUnset(posterior) } : {}),
    overrides: settings,
  };
};

/** Leaves out what is not set, and the gamma that a radius decides. */
const withoutUnset = (posterior: PosteriorLayer | ResolvedTarget["posterior"]): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(posterior).filter(
      ([key, value]) => value !== undefined && (value !== null || key === "prior_radius"),
    ),
  );
