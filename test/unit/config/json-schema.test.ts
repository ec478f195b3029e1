import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { formatResolved } from "../../../src/config/format-resolved.ts";
import { experimentJsonSchema } from "../../../src/config/json-schema.ts";
import { loadExperiment } from "../../../src/config/load-experiment.ts";
import { packageRoot } from "../../../src/core/package-root.ts";
import { experimentText, mistakesOf } from "../../support/experiment-file.ts";
import { schemaErrors } from "../../support/json-schema.ts";
import { askPython, whyNoOracle } from "../../support/python-oracle.ts";

const schema = experimentJsonSchema();
const errorsOf = (text: string): string[] => schemaErrors(schema, parse(text, { merge: true }));
const shipped = join(packageRoot, "config", "experiments.yaml");
const target = "- { model: small, data: small, seed: 42 }";

/** Files that are right, with everything that expands. */
const right = [
  experimentText(
    "- { model: [small, base], data: base, seed: [42, 44..46], training: [quick, { preset: long, steps: 5 }] }",
  ),
  experimentText(
    "- { model: base, data: base, seed: 1..3, overrides: { model: { widths: [[4, 4], [8]] , activation: [relu, none] } } }",
  ),
  experimentText(
    "- { model: quadratic, data: base, seed: 1, overrides: { model: { curvature: [1, 2], dim: 2 } } }",
  ),
  experimentText(target, "- { name: [hmc, mclmc], seed: 1..4, precision: [float32, float64] }"),
  experimentText(
    target,
    "- { name: sgld, preset: [sgld_adam, sgld_rmsprop], overrides: { step_size: [1e-5, 1e-6], warmup: null } }",
  ),
  experimentText(
    target,
    "- { name: vi, posterior: { gamma: [1, 10] }, sampling: { chains: 2 }, overrides: { dtype: float32 } }",
  ),
  experimentText(
    target,
    "- { name: hmc }",
    "timeout: { build: 2h, sample: 90 }\nresources: { sample: { memory: 4GiB, threads: 2 } }\nposterior: tight\n",
  ),
  experimentText(
    target,
    "- { name: hmc, sampling: { until: { mcse_rel: [0.1, 0.05] } } }\n  - { name: pt, sampling: { until: null }, overrides: { ladder: custom, betas: [1, 0.5] } }",
    "sampling: { until: { wall_sec: 60, ess_bulk: null } }\n",
  ),
  experimentText(
    "- { model: base, data: small, teacher: null, seed: 1, overrides: [null, { model: { depth: 1 } }, { data: { n_data: 9 } }] }",
  ),
];

/** Files with one mistake that a schema can see. */
const wrong: readonly (readonly [string, string])[] = [
  ["$.precison", experimentText(target, "- { name: hmc }", "precison: float64\n")],
  ["$.targets.0.seed", experimentText("- { model: small, data: small, seed: -1 }")],
  ["$.targets.0.data", experimentText("- { model: small, seed: 1 }")],
  ["$.samplers.0.name", experimentText(target, "- { name: hmcc }")],
  ["$.samplers.0.overrides", experimentText(target, "- { name: hmc, overrides: { stepsize: 1 } }")],
  ["$.samplers.0.overrides", experimentText(target, "- { name: hmc, overrides: { step_size: 0 } }")],
  ["$.samplers.0.posterior", experimentText(target, "- { name: hmc, posterior: { loss: mse } }")],
  ["$.experiment", experimentText(target, "- { name: hmc }", `experiment: ${"x".repeat(101)}\n`)],
  ["$.timeout", experimentText(target, "- { name: hmc }", "timeout: soon\n")],
];

describe("experimentJsonSchema", () => {
  it("is a draft-7 schema that accepts the shipped experiment", () => {
    expect(schema["$schema"]).toBe("http://json-schema.org/draft-07/schema#");
    expect(errorsOf(readFileSync(shipped, "utf8"))).toEqual([]);
  });

  it.each(right)("accepts what loading accepts (%#)", (text) => {
    expect(mistakesOf(text)).toEqual([]);
    expect(errorsOf(text)).toEqual([]);
  });

  it.each(wrong)("refuses at %s what loading refuses (%#)", (path, text) => {
    expect(mistakesOf(text)).not.toEqual([]);
    expect(errorsOf(text).map((error) => error.split(":")[0])).toContain(path);
  });

  it("accepts what `config show` prints", () => {
    expect(errorsOf(formatResolved(loadExperiment(shipped)))).toEqual([]);
  });

  it("has no pattern that only JavaScript reads", () => {
    const patterns = [...JSON.stringify(schema).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(
      ([, text = ""]) => JSON.parse(text) as string,
    );
    expect(patterns.length).toBeGreaterThan(3);
    expect(patterns.filter((pattern) => /\\[pP]\{|\(\?</.test(pattern))).toEqual([]);
  });

  const noOracle = whyNoOracle(["jsonschema"]);
  it.skipIf(noOracle !== null)(
    `Python's jsonschema takes it and judges as it promises${noOracle === null ? "" : ` (skipped: ${noOracle})`}`,
    () => {
      const named = experimentText(target, "- { name: hmc }", "experiment: Größe 2.1_b\n");
      const files = [readFileSync(shipped, "utf8"), named, ...right].map((text) =>
        parse(text, { merge: true }),
      );
      const unknown = parse(experimentText(target, "- { name: hmc }", "experimnt: x\n"));
      const answer = askPython(
        `
import jsonschema
kind = jsonschema.validators.validator_for(q["schema"], default=None)
kind.check_schema(q["schema"])
judge = kind(q["schema"])
print(json.dumps([kind.__name__, [[e.message for e in judge.iter_errors(f)] for f in q["files"]]]))`,
        { schema, files: [...files, unknown] },
      );
      expect(answer).toEqual([
        "Draft7Validator",
        [...files.map(() => []), [expect.stringContaining("'experimnt' was unexpected")]],
      ]);
    },
  );

  it("describes every key of every target and sampler", () => {
    const bare: string[] = [];
    const visit = (node: unknown, path: string): void => {
      if (typeof node !== "object" || node === null) return;
      const fields = Object.entries((node as { properties?: object }).properties ?? {});
      const silent = fields.filter(([, field]) => !JSON.stringify(field).includes('"description"'));
      bare.push(...silent.map(([name]) => `${path}.${name}`));
      for (const [key, child] of Object.entries(node)) visit(child, `${path}.${key}`);
    };
    visit(schema, "$");
    expect(bare).toEqual([]);
  });
});
