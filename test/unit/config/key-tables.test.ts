import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formatKeyTables } from "../../../src/config/key-tables.ts";
import { samplerNames } from "../../../src/config/schema/sampler-table.ts";
import { packageRoot } from "../../../src/core/package-root.ts";

const readme = readFileSync(join(packageRoot, "config", "README.md"), "utf8");

describe("formatKeyTables", () => {
  it("is what config/README.md shows (lambda-hat config schema --markdown prints it)", () => {
    expect(readme.split("<!-- keys -->\n\n")[1]).toBe(formatKeyTables());
  });

  it("has a table for every sampler and no key without a meaning", () => {
    const tables = formatKeyTables();
    for (const name of samplerNames) expect(tables).toContain(`of sampler ${name}`);
    expect(tables.split("\n").filter((line) => /\|\s*\|$/.test(line))).toEqual([]);
  });
});
