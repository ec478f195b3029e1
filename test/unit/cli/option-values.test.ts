/** Laws of values on the command line. */
import { expect, it } from "vitest";
import { collect, parseCount } from "../../../src/cli/option-values.ts";

it("values of a repeated option are kept in order", () => {
  expect(["a", "b"].reduce<readonly string[]>((previous, value) => collect(value, previous), [])).toEqual([
    "a",
    "b",
  ]);
});

it("a count is a whole number from 1 on", () => {
  expect(parseCount("12")).toBe(12);
  for (const text of ["0", "-1", "1.5", "many", ""])
    expect(() => parseCount(text)).toThrow("expected an integer ≥ 1.");
});
