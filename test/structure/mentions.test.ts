/** What pages and comments mention is there: paths, links, npm scripts, commands of the program. */
import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { buildProgram } from "../../src/cli/program.ts";
import { packageRoot } from "../../src/core/package-root.ts";
import { readTracked as read, trackedFiles } from "../support/tracked-files.ts";

const pages = trackedFiles.filter((path) => path.endsWith(".md"));
const code = trackedFiles.filter(
  (path) => /\.(ts|mjs|cjs|c|h)$/.test(path) && !path.startsWith("test/fixtures/"),
);
const scripts = Object.keys((JSON.parse(read("package.json")) as { scripts: object }).scripts);
const isThere = (path: string): boolean => existsSync(join(packageRoot, path));

/** Comments of TypeScript and C. A comment sign within a string is taken for one, which does no harm here. */
const commentsOf = (text: string): string =>
  (text.match(/\/\*[\s\S]*?\*\/|(?<![:"'`])\/\/.*/g) ?? []).join("\n");
/** Fenced blocks and spans between backticks. */
const codeOf = (text: string): readonly string[] => {
  const fence = /^```[^\n]*\n[\s\S]*?^```/gm;
  return [...(text.match(fence) ?? []), ...(text.replace(fence, "").match(/`[^`]+`/g) ?? [])];
};
const places: readonly (readonly [string, string])[] = [
  ...pages.map((page) => [page, read(page)] as const),
  ...code.map((path) => [path, commentsOf(read(path))] as const),
];

/** Files that a page tells its reader to write: their path is the comment that begins them. */
const isWrittenBy = (text: string, path: string): boolean => text.includes(`\n# ${path}\n`);

/** True if `words` begin with a command of the program, and with one of its subcommands where it has any. */
const isCommand = (words: readonly string[], command: Command = buildProgram()): boolean => {
  if (command.commands.length === 0) return true;
  const child = command.commands.find((one) => one.name() === words[0]);
  return child === undefined
    ? words[0] === undefined && command.parent !== null
    : isCommand(words.slice(1), child);
};

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

  it("commands that the program has", () => {
    const mentions = places.flatMap(([place, text]) =>
      codeOf(text).flatMap((span) =>
        [...span.matchAll(/(?<![\w./-])lambda-hat((?: [a-z][a-z-]*)+)/g)].map(
          (match) => [place, (match[1] as string).trim().split(" ")] as const,
        ),
      ),
    );
    const missing = mentions.filter(([, words]) => !isCommand(words));
    expect(mentions.length).toBeGreaterThan(20);
    expect(missing.map(([place, words]) => `${place}: lambda-hat ${words.join(" ")}`)).toEqual([]);
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
