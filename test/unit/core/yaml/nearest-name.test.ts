import { describe, expect, it } from "vitest";
import { editDistance, nearestName } from "../../../../src/core/yaml/nearest-name.ts";

describe("editDistance", () => {
  it.each([
    ["", "", 0],
    ["", "abc", 3],
    ["kitten", "sitting", 3],
    ["modle", "model", 1],
    ["flaw", "lawn", 2],
  ])("between %j and %j is %d", (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });
});

describe("nearestName", () => {
  const known = ["step_size", "draws", "warmup", "num_integration_steps"];

  it.each([
    ["stepSize", "step_size"],
    ["drawz", "draws"],
    ["warm", "warmup"],
    ["integration_steps", "num_integration_steps"],
    ["banana", undefined],
    ["", undefined],
  ])("of %j is %j", (name, nearest) => {
    expect(nearestName(name, known)).toBe(nearest);
  });
});
