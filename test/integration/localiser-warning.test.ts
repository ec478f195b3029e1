/** Runs say when the pull to w* decides λ̂, also of some layers alone, and say nothing where that is known or cannot be. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasBuild, runCommand, sweepIn } from "../support/command-line.ts";

const linear = (posterior: string): string =>
  `{ model: deep_linear, data: tiny, posterior: ${posterior}, overrides: { model: { widths: [2, 2, 2], rank: 0 }, data: { noise_model: none } } }`;
const targets: Readonly<Record<string, string>> = {
  "w1²w2²": "{ model: normal_crossing, data: tiny }",
  "w1⁴ + w2⁴": "{ model: power_sum, data: tiny }",
  "a quadratic under γ = 1e6, with its exact λ̂":
    "{ model: quadratic, data: tiny, posterior: { gamma: 1e6 } }",
  "a deep linear network of rank 0": linear("{ gamma: 1 }"),
};
const told: Readonly<Record<string, string>> = {
  "the first layer alone": `{ model: tiny, data: tiny, posterior: { gamma: 1e6, parameters: "layers[0]" } }`,
  "a whole network": "{ model: tiny, data: tiny, posterior: { gamma: 1e6 } }",
};

const experiment = `
training: none
targets:
${[...Object.values(targets), ...Object.values(told)]
  .map((target) => `  - ${target.replace("{", "{ seed: 1,")}`)
  .join("\n")}
samplers:
  - { name: hmc, overrides: { draws: 10, warmup: 10 } }
`;

interface Row {
  readonly status: string;
  readonly warnings: string | readonly string[];
}

describe.skipIf(!hasBuild)("the warning of posterior.gamma (needs a build)", () => {
  const folder = mkdtempSync(join(tmpdir(), "lambda-hat-test-"));
  let rows: readonly Row[] = [];

  beforeAll(async () => {
    const swept = await runCommand(sweepIn(folder, experiment), { cwd: folder });
    expect(swept.code, swept.stderr).toBe(0);
    rows = JSON.parse((await runCommand(["results", "--json"], { cwd: folder })).stdout) as Row[];
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(Object.keys(targets).map((name, index) => [name, index] as const))(
    "is silent on %s",
    (_, index) => {
      expect(rows[index]?.status).toBe("ok");
      expect(String(rows[index]?.warnings)).not.toContain("posterior.gamma");
    },
  );

  it.each(Object.keys(told).map((name, index) => [name, Object.keys(targets).length + index] as const))(
    "says that a γ of 1e6 decides λ̂ of %s",
    (_, index) => {
      const warnings = String(rows[index]?.warnings);
      expect(warnings).toMatch(/posterior\.gamma 1000000 .* it takes at least (9\d(\.\d+)?|100) % /);
    },
  );
});
