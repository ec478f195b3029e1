/** Conditions of `lambda-hat results --where`. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { SweepError } from "../../../src/core/errors.ts";
import { parseWhere } from "../../../src/results/where.ts";

const row = {
  sampler: "hmc",
  r_hat: 1.005,
  llc_mean: -2.5,
  verdict: null,
  is_cached: true,
  L0: 0.25,
  name: "it's",
};
const columns = Object.keys(row);
const holds = (text: string): boolean => parseWhere(text, { columns })(row);

test.each([
  "sampler == 'hmc' and r_hat < 1.01",
  'sampler = "hmc"',
  "r_hat<1.01",
  "1 < r_hat",
  "llc_mean == -2.5",
  "llc_mean < -2e0",
  "sampler != 'sgld'",
  "sampler <> 'sgld'",
  "is_cached",
  "not (sampler == 'sgld')",
  "not not is_cached",
  "is_cached == TRUE",
  "verdict is null",
  "sampler is not null",
  "sampler in ('sgld', 'hmc')",
  "sampler not in ('sgld', 'vi')",
  "sampler ~ 'HM'",
  "l0 >= .25",
  'name == "it\'s"',
  "sampler == 'sgld' and is_cached or r_hat > 1",
  "(sampler == 'sgld' or is_cached) AND r_hat > 1",
])("%s holds", (text) => {
  expect(holds(text)).toBe(true);
});

test.each([
  "sampler == 'HMC'",
  "verdict == 'converged'",
  "verdict != 'converged'",
  "verdict < 1",
  "verdict not in ('converged')",
  "r_hat < 'a'",
  "r_hat == '1.005'",
  "verdict",
  "r_hat",
  "sampler == 'sgld' and (is_cached or r_hat > 1)",
])("%s does not hold", (text) => {
  expect(holds(text)).toBe(false);
});

test.each([
  ["", /the condition is empty/],
  ["sampler ==", /expected a column or a value at the end/],
  ["sampler == 'hmc", /'hmc at position 12 is not understood/],
  ["(is_cached", /expected "\)" at the end/],
  ["is_cached is_cached", /expected "and", "or" or the end before is_cached/],
  ["sampler == hmc", /there is no column "hmc" \(texts need quotes\)/],
  ["sampler not 'x'", /expected "in" after "not"/],
  ["r_hat is 3", /expected "null" before 3/],
  ["r_hat in 3", /expected "\(" before 3/],
  ["r_hat & 3", /& at position 7 is not understood/],
  ["process.exit()", /there is no column "process.exit"/],
  ["and", /expected a column or a value before and/],
  ["1.2.3 < r_hat", /not understood|expected/],
])("%j is refused with a message", (text, message) => {
  expect(() => holds(text)).toThrow(
    expect.objectContaining({ code: "USAGE", message: expect.stringMatching(message) }),
  );
});

test("an unknown column is answered with the caller's suggestion", () => {
  const suggest = (): string => ' Did you mean "r_hat"?';
  expect(() => parseWhere("rhat < 1", { columns, suggest })).toThrow(
    /"rhat" \(texts need quotes\)\. Did you mean "r_hat"\?/,
  );
});

test("any text is parsed or refused with USAGE", () => {
  const words = fc.constantFrom(
    "sampler",
    "r_hat",
    "and",
    "or",
    "not",
    "in",
    "is",
    "null",
    "(",
    ")",
    ",",
    "==",
    "<",
    "'x'",
    "1e3",
    "?",
    "'",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(words).map((list) => list.join(" ")),
        fc.string(),
      ),
      (text) => {
        try {
          expect(typeof holds(text)).toBe("boolean");
        } catch (error) {
          expect(error).toBeInstanceOf(SweepError);
          expect(error).toMatchObject({ code: "USAGE" });
        }
      },
    ),
    { seed: 7, numRuns: 500 },
  );
});
