import { describe, expect, it } from "vitest";
import { usesColor } from "../../../../src/cli/output/colors.ts";

describe("colours are used", () => {
  it.each([
    ["on a terminal", true, { TERM: "xterm" }, true],
    ["not in a pipe", false, { TERM: "xterm" }, false],
    ["not in a pipe of a CI", false, { CI: "true" }, false],
    ["not on a terminal that cannot", true, { TERM: "dumb" }, false],
    ["not where NO_COLOR is set", true, { TERM: "xterm", NO_COLOR: "1", FORCE_COLOR: "1" }, false],
    ["as ever where NO_COLOR is empty", true, { TERM: "xterm", NO_COLOR: "" }, true],
    ["in a pipe where FORCE_COLOR is set", false, { FORCE_COLOR: "1" }, true],
  ] as const)("%s", (_, isTerminal, environment, expected) => {
    expect(usesColor(isTerminal, environment)).toBe(expected);
  });
});
