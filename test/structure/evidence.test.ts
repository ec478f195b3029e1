/** `docs/samplers.md` speaks of every registered sampler, and its table has the shape that `npm run evidence` writes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { samplerNames } from "../../src/samplers/registry.ts";
import { evidenceColumns, evidenceIn, withEvidence } from "../support/laws/evidence.ts";
import { samplerLaws } from "../support/laws/sampler-laws.ts";

const page = readFileSync(join(packageRoot, "docs", "samplers.md"), "utf8");

describe("docs/samplers.md", () => {
  it("has a section for every registered sampler with settings, cost and signs of failure", () => {
    for (const name of samplerNames) {
      const section = page.split(`\n## ${name}\n`)[1]?.split("\n## ")[0] ?? "";
      for (const part of ["- Settings: ", "- Cost: ", "- Fails by: "]) {
        expect(section, `section ${name}`).toContain(part);
      }
    }
  });

  it("has an evidence table with one row a sampler and variant, every cell filled and none bold (run npm run evidence)", () => {
    const { columns, rows } = evidenceIn(page);
    expect(columns).toEqual(evidenceColumns);
    expect(rows.map(([name]) => name)).toEqual(samplerLaws.map(([name]) => name));
    for (const row of rows) {
      expect(row).toHaveLength(evidenceColumns.length);
      expect(row.filter((cell) => cell === "" || cell.startsWith("**"))).toEqual([]);
    }
  });

  it("keeps the rest of the page when the table is written anew", () => {
    const rows = [evidenceColumns.map((_, i) => `cell ${i}`)];
    const changed = withEvidence(page, rows);
    expect(evidenceIn(changed)).toEqual({ columns: evidenceColumns, rows });
    expect(withEvidence(changed, evidenceIn(page).rows)).toBe(page);
    expect(() => withEvidence("no markers", rows)).toThrow("lost");
  });
});
