/** Laws of log tails. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { failureTail, readTail } from "../../../src/executors/log-tail.ts";

const folder = mkdtempSync(join(tmpdir(), "lambda-hat-test-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

describe("readTail", () => {
  it("gives the last lines, oldest first, without empty ones", () => {
    expect(readTail(file("a", "1\n2\n\n3\n4\n"), 3)).toEqual(["2", "3", "4"]);
    expect(readTail(file("b", "no newline"), 3)).toEqual(["no newline"]);
    expect(readTail(file("c", ""), 3)).toEqual([]);
  });

  it("never shows half a line of a long file", () => {
    const lines = Array.from({ length: 5000 }, (_, index) => `line ${index}`);
    const tail = readTail(file("long", `${lines.join("\n")}\n`), 10_000);
    expect(tail.every((line) => lines.includes(line))).toBe(true);
    expect(tail.at(-1)).toBe("line 4999");
  });

  it("is empty without a file", () => {
    expect(readTail(join(folder, "none"), 3)).toEqual([]);
    expect(readTail(null, 3)).toEqual([]);
  });
});

describe("failureTail", () => {
  it("prefers standard error, and falls back to standard output", () => {
    const log = file("x.log", "out\n");
    expect(failureTail({ log, err: file("x.err", "err\n") })).toEqual(["err"]);
    expect(failureTail({ log, err: file("y.err", "") })).toEqual(["out"]);
  });
});
