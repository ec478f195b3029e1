/** Laws of files that are either absent, old or complete. */
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  commitFile,
  removeTemporaries,
  writeFileAtomic,
  writeJsonAtomic,
} from "../../../src/core/atomic-write.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

describe("atomic writes", () => {
  it("replace the whole file, create its folder and leave nothing beside it", () => {
    const path = join(temporaryFolder(), "new", "a.json");
    writeFileAtomic(path, "a long first content");
    writeJsonAtomic(path, { a: 1 });
    expect(readFileSync(path, "utf8")).toBe('{\n  "a": 1\n}\n');
    expect(readdirSync(join(path, ".."))).toEqual(["a.json"]);
  });

  it("leave the old file when the writer throws", () => {
    const path = join(temporaryFolder(), "a");
    writeFileAtomic(path, "old");
    const write = (temporary: string): void => {
      writeFileSync(temporary, "half");
      throw new Error("disk full");
    };
    expect(() => commitFile(path, write)).toThrow("disk full");
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(join(path, ".."))).toEqual(["a"]);
  });
});

describe("removeTemporaries", () => {
  it("deletes what killed writers left, and nothing else", () => {
    const folder = temporaryFolder();
    const dead = join(folder, "a.json.123.0123abcd.tmp");
    const others = ["a.json", "b.tmp", "a.json.123.tmp"].map((name) => join(folder, name));
    for (const path of [dead, ...others]) writeFileSync(path, "");
    removeTemporaries(folder);
    expect([dead, ...others].map((path) => existsSync(path))).toEqual([false, true, true, true]);
    removeTemporaries(join(folder, "nowhere"));
  });

  it("spares what is younger than the given age", () => {
    const folder = temporaryFolder();
    const [young, old] = ["1", "2"].map((pid) => join(folder, `a.${pid}.0123abcd.tmp`)) as [string, string];
    for (const path of [young, old]) writeFileSync(path, "");
    utimesSync(old, 1, 1);
    removeTemporaries(folder, 60_000);
    expect([young, old].map((path) => existsSync(path))).toEqual([true, false]);
  });
});
