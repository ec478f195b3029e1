/** `results/README.md` documents every column: its tables are made from `src/results/columns.ts` (`-u` rewrites them). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { columnFamilies, columnGroups } from "../../src/results/columns.ts";

const path = join(packageRoot, "results", "README.md");

test("results/README.md has the tables of columns.ts", async () => {
  const tables = columnGroups.map(({ title, columns }) => {
    const lines = columns.map(
      ({ name, type, unit, meaning }) => `| \`${name}\` | ${type} | ${unit} | ${meaning} |`,
    );
    return [
      `## ${title}`,
      "",
      "| column | type | unit | meaning |",
      "| --- | --- | --- | --- |",
      ...lines,
      "",
    ].join("\n");
  });
  const families = columnFamilies.map(({ prefix, meaning }) => `| \`${prefix}…\` | ${meaning} |`);
  const rest = [
    "## Families",
    "",
    "One column for each setting that occurs in the sweep; numbers are float64, lists JSON.",
    "",
    "| columns | meaning |",
    "| --- | --- |",
    ...families,
    "",
  ].join("\n");
  const [before, after] = readFileSync(path, "utf8").split(
    /(?<=<!-- columns: [^\n]* -->\n)[\s\S]*(?=<!-- end of columns -->)/,
  );
  await expect(`${before}\n${[...tables, rest].join("\n")}\n${after}`).toMatchFileSnapshot(path);
});
