/**
 * What pages and comments mention is there: paths, links, npm scripts. Commands of the program are the business of
 * `documented-commands.test.ts`.
 */
import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { commentsOf, readTracked as read, trackedCode, trackedFiles } from "../support/tracked-files.ts";

const pages = trackedFiles.filter((path) => path.endsWith(".md"));
const scripts = Object.keys((JSON.parse(read("package.json")) as { scripts: object }).scripts);
const isThere = (path: string): boolean => existsSync(join(packageRoot, path));

const places: readonly (readonly [string, string])[] = [
  ...pages.map((page) => [page, read(page)] as const),
  ...trackedCode.map((path) => [path, commentsOf(read(path))] as const),
];

/** Files that a page tells its reader to write: their path is the comment that begins them. */
const isWrittenBy = (text: string, path: string): boolean => text.includes(`\n# ${path}\n`);

describe("pages and comments mention only", () => {
  it("paths that exist", () => {
    const path =
      /(?<![\w./<-])((?:src|workers|config|cards|test|docs|bench|\.ci)\/[\w./-]*\w\/?)(?![\w<*{…])/g;
    const missing = places.flatMap(([place, text]) =>
      [...text.matchAll(path)]
        .map((match) => match[1] as string)
        .filter((found) => !isThere(found) && !isWrittenBy(text, found))
        .map((found) => `${place}: ${found}`),
    );
    expect(missing).toEqual([]);
  });

  it("files of the repository by names that it has", () => {
    const missing = places.flatMap(([place, text]) =>
      [...text.matchAll(/`([\w./-]*\w\.(?:ts|mjs|c|h|sh|wasm))`/g)]
        .map((match) => match[1] as string)
        .filter(
          (name) => !trackedFiles.some((path) => `/${path}`.endsWith(`/${name.replace(/^\.\.?\//, "")}`)),
        )
        .map((name) => `${place}: ${name}`),
    );
    expect(missing).toEqual([]);
  });

  it("links that lead somewhere", () => {
    const missing = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\(([^)\s]+)\)/g)]
        .map((match) => match[1] as string)
        .filter((link) => !/^[a-z]+:/.test(link))
        .filter((link) => {
          const [path = "", anchor] = link.split("#");
          const target = path === "" ? page : normalize(join(dirname(page), path));
          return !isThere(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
        })
        .map((link) => `${page}: ${link}`),
    );
    expect(missing).toEqual([]);
  });

  it("npm scripts that package.json has", () => {
    const missing = places.flatMap(([place, text]) =>
      [...text.matchAll(/npm run (?:--silent )?([a-z][a-z:-]*[a-z])/g)]
        .map((match) => match[1] as string)
        .filter((script) => !scripts.includes(script))
        .map((script) => `${place}: npm run ${script}`),
    );
    expect(missing).toEqual([]);
  });
});

/** Anchors of the headings of a page, as GitHub makes them. */
const anchorsOf = (page: string): readonly string[] =>
  [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(" ", "-"),
  );
