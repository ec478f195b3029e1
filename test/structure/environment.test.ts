/** `docs/environment.md` lists the environment variables that the code reads, and no others. */
import { describe, expect, it } from "vitest";
import { readTracked, trackedFiles } from "../support/tracked-files.ts";

const rows = [...readTracked("docs/environment.md").matchAll(/^\| `([A-Z][A-Z0-9_]*)` \|/gm)].map(
  ([, name]) => name as string,
);
const code = trackedFiles
  .filter((path) => /^(src|workers|bench|test|\.ci)\/|^[^/]+\.(ts|cjs)$/.test(path))
  .filter((path) => /\.(ts|mjs|cjs|sh|py)$/.test(path) || path === ".ci/run")
  .filter((path) => path !== "test/structure/environment.test.ts")
  .map((path) => [path, readTracked(path)] as const);

/** How each language reads one, as far as this code does. */
const reads = [
  /\b(LAMBDA_HAT_[A-Z0-9_]+)/g,
  /\benv(?:ironment)?\["([A-Z][A-Z0-9_]*)"\]/g,
  /\bisSet\("([A-Z][A-Z0-9_]*)"\)/g,
  /\$\{([A-Z][A-Z0-9_]*):-/g,
  /\benviron\.\w+\("([A-Z][A-Z0-9_]*)"/g,
];
/** Passed to a child process of the same test or benchmark, or set by a test that sets it back. */
const isPrivate = (name: string): boolean => /^(BENCH|TEST)_|^TZ$/.test(name);
/** What stands for a variable that Node reads. */
const readByNode: Readonly<Record<string, string>> = { TMPDIR: "tmpdir()" };

describe("docs/environment.md", () => {
  it("has a row for every variable that is read", () => {
    const found = code.flatMap(([path, text]) =>
      reads.flatMap((pattern) => [...text.matchAll(pattern)].map(([, name]) => `${name} (${path})`)),
    );
    const missing = found.filter((line) => {
      const name = line.split(" ")[0] ?? "";
      return !rows.includes(name) && !isPrivate(name);
    });
    expect(found.length).toBeGreaterThan(rows.length);
    expect(missing).toEqual([]);
  });

  it("has no row for a variable that nothing reads, and none twice", () => {
    const unread = rows.filter((name) => {
      const sign = readByNode[name] ?? name;
      return !code.some(([, text]) => text.includes(sign));
    });
    expect(unread).toEqual([]);
    expect(rows).toEqual([...new Set(rows)]);
  });
});
