/**
 * The samplers that an experiment file can name.
 *
 * To add one: `src/README.md`. A preset of the same name under `config/presets/sampler/` is optional; without it the
 * defaults of the schema hold.
 */
import type { z } from "zod";
import { amclmcSchema } from "./samplers/amclmc.ts";
import { cheesSchema } from "./samplers/chees.ts";
import { hmcSchema } from "./samplers/hmc.ts";
import { laplaceSchema } from "./samplers/laplace.ts";
import { lmhSchema } from "./samplers/lmh.ts";
import { malaSchema } from "./samplers/mala.ts";
import { mclmcSchema } from "./samplers/mclmc.ts";
import { sghmcSchema, sgnhtSchema } from "./samplers/momentum.ts";
import { nutsSchema } from "./samplers/nuts.ts";
import { ptSchema } from "./samplers/pt.ts";
import { rwmhSchema } from "./samplers/rwmh.ts";
import { sgldSchema } from "./samplers/sgld.ts";
import { viSchema } from "./samplers/vi.ts";

/** Settings of each sampler. */
export const samplerSchemas: Readonly<Record<string, z.ZodObject>> = {
  amclmc: amclmcSchema,
  chees: cheesSchema,
  hmc: hmcSchema,
  laplace: laplaceSchema,
  lmh: lmhSchema,
  mala: malaSchema,
  mclmc: mclmcSchema,
  nuts: nutsSchema,
  pt: ptSchema,
  rwmh: rwmhSchema,
  sghmc: sghmcSchema,
  sgld: sgldSchema,
  sgnht: sgnhtSchema,
  vi: viSchema,
};

/** Names of the samplers. */
export const samplerNames: readonly string[] = Object.keys(samplerSchemas);
