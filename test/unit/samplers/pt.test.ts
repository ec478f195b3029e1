/** Parallel tempering as a run: what it calls what it reports. */
import { describe, expect, it } from "vitest";
import { type PtSettings, pt } from "../../../src/samplers/pt.ts";
import type { SamplerRun } from "../../../src/samplers/sampler.ts";
import { aPosterior, collectDraws } from "../../support/posteriors.ts";
import { settingsOf } from "../../support/sampler-settings.ts";

const finished = async (changes: Partial<PtSettings>): Promise<SamplerRun> => {
  const run = await pt.start(aPosterior({ numChains: 6 }), { ...settingsOf("pt"), ...changes });
  await collectDraws(run);
  return run;
};

describe("the ratio of partition functions", () => {
  it.each([
    [true, "log_evidence", "log_partition_ratio"],
    [false, "log_partition_ratio", "log_evidence"],
  ])("with reference: %s is called %s everywhere, and nothing %s", async (reference, name, other) => {
    const { tuned, report = {} } = await finished({ reference });
    const names = [...Object.keys(tuned), ...Object.keys(report)];
    const endings = (start: string): string[] =>
      names.filter((key) => key.startsWith(start)).map((key) => key.slice(start.length));
    expect(endings(name)).toEqual(["", "_se", "_thermodynamic", "_from_hot", "_from_cold", "_thermodynamic"]);
    expect(endings(other)).toEqual([]);
    expect(report[`${name}_thermodynamic`]).toBe(tuned[`${name}_thermodynamic`]);
    expect(
      ((report[`${name}_from_hot`] as number) + (report[`${name}_from_cold`] as number)) / 2,
    ).toBeCloseTo(tuned[name] ?? Number.NaN, 12);
  });
});
