/** Plain data without NaN. */
import { expect, test } from "vitest";
import { jsonNumbers } from "../../../src/runs/json-numbers.ts";

test("NaN and infinities become null at any depth, typed arrays become lists, undefined members go", () => {
  const value = {
    a: [1, Number.NaN, { b: -1 / 0 }],
    c: Float64Array.of(0.5, Number.NaN),
    d: undefined,
    e: "NaN",
    f: true,
  };
  expect(jsonNumbers(value)).toEqual({ a: [1, null, { b: null }], c: [0.5, null], e: "NaN", f: true });
});

test("functions are refused", () => {
  expect(() => jsonNumbers({ f: () => 1 })).toThrow(/^bug: /);
});
