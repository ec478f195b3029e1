/**
 * The closed set of samplers by the name they have in an experiment file.
 *
 * To add one: `src/README.md` lists every file it takes. The contract suite runs over every line by itself.
 */
import { SweepError } from "../core/errors.ts";
import { amclmc } from "./amclmc.ts";
import { chees } from "./chees.ts";
import { hmc } from "./hmc.ts";
import { laplace } from "./laplace.ts";
import { lmh } from "./lmh.ts";
import { mala } from "./mala.ts";
import { mclmc } from "./mclmc.ts";
import { nuts } from "./nuts.ts";
import { pt } from "./pt.ts";
import { rwmh } from "./rwmh.ts";
import type { Sampler } from "./sampler.ts";
import { sghmc } from "./sghmc.ts";
import { sgld } from "./sgld.ts";
import { sgnht } from "./sgnht.ts";
import { vi } from "./vi.ts";

/** Every sampler, under its name. */
export const samplers = {
  amclmc,
  chees,
  hmc,
  laplace,
  lmh,
  mala,
  mclmc,
  nuts,
  pt,
  rwmh,
  sghmc,
  sgld,
  sgnht,
  vi,
} as const;

export type SamplerName = keyof typeof samplers;

/** The settings type of the sampler called `Name`. */
export type SettingsOf<Name extends SamplerName> =
  (typeof samplers)[Name] extends Sampler<infer Settings> ? Settings : never;

/** Names in the order of the registry. */
export const samplerNames = Object.keys(samplers) as readonly SamplerName[];

/** True for the name of a registered sampler. */
export const isSamplerName = (name: string): name is SamplerName => Object.hasOwn(samplers, name);

/**
 * The sampler of that name; its settings are checked when it starts.
 *
 * @throws CONFIG_INVALID for an unknown name, with the known ones.
 */
export const samplerOf = (name: string): Sampler<unknown> => {
  if (isSamplerName(name)) return samplers[name];
  throw new SweepError(
    "CONFIG_INVALID",
    `sampler "${name}" does not exist; expected one of ${samplerNames.join(", ")}. Correct the sampler's name.`,
  );
};

/** Numerics version of each sampler; part of every run id. */
export const numericsVersions: Readonly<Record<SamplerName, number>> = Object.fromEntries(
  samplerNames.map((name) => [name, samplers[name].numericsVersion]),
) as Record<SamplerName, number>;
