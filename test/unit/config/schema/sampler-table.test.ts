import { describe, expect, expectTypeOf, it } from "vitest";
import type { z } from "zod";
import type { TargetConfig } from "../../../../src/config/experiment.ts";
import { samplerNames, samplerSchemas } from "../../../../src/config/schema/sampler-table.ts";
import type { amclmcSchema } from "../../../../src/config/schema/samplers/amclmc.ts";
import type { cheesSchema } from "../../../../src/config/schema/samplers/chees.ts";
import type { hmcSchema } from "../../../../src/config/schema/samplers/hmc.ts";
import type { laplaceSchema } from "../../../../src/config/schema/samplers/laplace.ts";
import type { lmhSchema } from "../../../../src/config/schema/samplers/lmh.ts";
import type { malaSchema } from "../../../../src/config/schema/samplers/mala.ts";
import type { mclmcSchema } from "../../../../src/config/schema/samplers/mclmc.ts";
import type { sghmcSchema, sgnhtSchema } from "../../../../src/config/schema/samplers/momentum.ts";
import type { nutsSchema } from "../../../../src/config/schema/samplers/nuts.ts";
import type { ptSchema } from "../../../../src/config/schema/samplers/pt.ts";
import type { rwmhSchema } from "../../../../src/config/schema/samplers/rwmh.ts";
import type { sgldSchema } from "../../../../src/config/schema/samplers/sgld.ts";
import type { viSchema } from "../../../../src/config/schema/samplers/vi.ts";
import type { CamelKeys } from "../../../../src/core/case.ts";
import type { SettingsOf } from "../../../../src/samplers/registry.ts";
import { samplerNames as registered } from "../../../../src/samplers/registry.ts";
import type { ViSettings } from "../../../../src/samplers/variational/vi-settings.ts";
import type { TargetConfig as NumericTargetConfig } from "../../../../src/targets/target-config.ts";

type Camel<Schema extends z.ZodType> = CamelKeys<z.output<Schema>>;

describe("samplerSchemas", () => {
  it("names the samplers of the registry", () => {
    expect([...samplerNames].sort()).toEqual([...registered].sort());
  });

  it("gives each sampler the settings it takes", () => {
    expectTypeOf<Camel<typeof hmcSchema>>().toExtend<SettingsOf<"hmc">>();
    expectTypeOf<Camel<typeof sghmcSchema>>().toExtend<SettingsOf<"sghmc">>();
    expectTypeOf<Camel<typeof sgnhtSchema>>().toExtend<SettingsOf<"sgnht">>();
    expectTypeOf<Camel<typeof sgldSchema>>().toExtend<SettingsOf<"sgld">>();
    expectTypeOf<Camel<typeof mclmcSchema>>().toExtend<SettingsOf<"mclmc">>();
    expectTypeOf<Camel<typeof nutsSchema>>().toExtend<SettingsOf<"nuts">>();
    expectTypeOf<Camel<typeof malaSchema>>().toExtend<SettingsOf<"mala">>();
    expectTypeOf<Camel<typeof ptSchema>>().toExtend<SettingsOf<"pt">>();
    expectTypeOf<Camel<typeof rwmhSchema>>().toExtend<SettingsOf<"rwmh">>();
    expectTypeOf<Camel<typeof laplaceSchema>>().toExtend<SettingsOf<"laplace">>();
    expectTypeOf<Camel<typeof lmhSchema>>().toExtend<SettingsOf<"lmh">>();
    expectTypeOf<Camel<typeof amclmcSchema>>().toExtend<SettingsOf<"amclmc">>();
    expectTypeOf<Camel<typeof cheesSchema>>().toExtend<SettingsOf<"chees">>();
    expectTypeOf<Camel<typeof viSchema>>().toExtend<ViSettings>();
  });

  it("gives targets the configuration that numerics reads", () => {
    expectTypeOf<CamelKeys<TargetConfig>["model"]>().toExtend<NumericTargetConfig["model"]>();
    expectTypeOf<CamelKeys<TargetConfig>["data"]>().toExtend<NumericTargetConfig["data"]>();
    expectTypeOf<CamelKeys<TargetConfig>["training"]>().toExtend<NumericTargetConfig["training"]>();
    expectTypeOf<CamelKeys<TargetConfig>["loss"]>().toExtend<NumericTargetConfig["loss"]>();
  });

  it("fills every setting from its defaults", () => {
    for (const schema of Object.values(samplerSchemas)) {
      const filled = Object.keys(schema.parse({}));
      expect(filled.sort()).toEqual(Object.keys(schema.shape).sort());
    }
  });
});
