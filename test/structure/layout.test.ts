/** The rules of the house that no linter knows: headers, sizes, names, mirrored tests. */
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { samplerNames } from "../../src/samplers/registry.ts";
import { readTracked as read, trackedFiles as tracked } from "../support/tracked-files.ts";

const sources = tracked.filter((path) => /^(src|workers)\/.*\.(ts|mjs|c|h)$/.test(path));
const code = tracked.filter((path) => /\.(ts|mjs|cjs|c|h|py|sh)$/.test(path));

describe("layout", () => {
  it("opens every source file with a header comment", () => {
    const header = (path: string): RegExp => (/\.[ch]$/.test(path) ? /^\/\// : /^(?:#!.*\n)?\/\*\*/);
    const bare = sources.filter((path) => !header(path).test(read(path)));
    expect(bare).toEqual([]);
  });

  it("keeps source files within 300 lines, kernels within 400", () => {
    const limit = (path: string): number => (/\.[ch]$/.test(path) ? 400 : 300);
    const long = sources.filter((path) => read(path).split("\n").length - 1 > limit(path));
    expect(long).toEqual([]);
  });

  it("keeps worker entry points within 60 lines", () => {
    const long = sources.filter(
      (path) => path.startsWith("workers/") && read(path).split("\n").length - 1 > 60,
    );
    expect(long).toEqual([]);
  });

  it("calls no file a grab-bag or an index", () => {
    const grabBags = sources.filter((path) =>
      /^(utils?|helpers?|misc|common|index|types|interfaces)\./.test(basename(path)),
    );
    expect(grabBags).toEqual([]);
  });

  it("names an existing source for every unit test", () => {
    const orphans = tracked
      .filter((path) => path.startsWith("test/unit/") && path.endsWith(".test.ts"))
      .filter(
        (path) =>
          !existsSync(
            join(packageRoot, path.replace("test/unit/", "src/").replace(/(\.[a-z-]+)?\.test\.ts$/, ".ts")),
          ),
      );
    expect(orphans).toEqual([]);
  });

  it("keeps the top level to what the design fixes", () => {
    const allowed = new Set("config src workers cards runs results test docs bench .ci".split(" "));
    const folders = new Set(
      tracked.filter((path) => path.includes("/")).map((path) => path.split("/")[0] as string),
    );
    expect([...folders].filter((folder) => !allowed.has(folder))).toEqual([]);
  });

  it("breaks the lines of comments within 130 columns", () => {
    const isLong = (line: string): boolean => /^\s*(\/?\*|\/\/|#)/.test(line) && line.length > 130;
    const long = code.flatMap((path) =>
      read(path)
        .split("\n")
        .flatMap((line, index) => (isLong(line) ? [`${path}:${index + 1}`] : [])),
    );
    expect(long).toEqual([]);
  });

  it("keeps the scripts of package.json in alphabetical order", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Readonly<Record<string, string>> };
    expect(Object.keys(scripts)).toEqual(Object.keys(scripts).toSorted());
  });

  it("names every sampler in the table of README.md", () => {
    const cells = [...read("README.md").matchAll(/^\| ((?:`[a-z]+` ?)+) \|/gm)].map(([, cell]) => cell ?? "");
    expect(samplerNames.filter((name) => !cells.some((cell) => cell.includes(`\`${name}\``)))).toEqual([]);
  });

  it("writes to the terminal of the command line in one file", () => {
    const writing = sources.filter(
      (path) => path.startsWith("src/cli/") && /std(out|err)\.write|styleText|console\./.test(read(path)),
    );
    expect(writing).toEqual(["src/cli/output/print.ts"]);
  });

  it("names no registry host and no machine", () => {
    const hosts = ["registry.npm", "js.org", "files.pythonhosted", "deb.debian"]
      .join("|")
      .replace("|js.org", "js\\.org");
    const naming = tracked
      .filter((path) => /\.(ts|c|h|md|ya?ml|json|sh|mjs|cjs)$/.test(path) || path === ".ci/run")
      .filter((path) => path !== "test/structure/layout.test.ts" && new RegExp(hosts).test(read(path)));
    expect(naming).toEqual([]);
  });
});
