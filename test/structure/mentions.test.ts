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

const program = buildProgram();

/** What is wrong with the words after `lambda-hat`; null: nothing. Arguments are not looked at. */
const mistakeIn = (words: readonly string[]): string | null => {
  let command: Command = program;
  for (const word of words) {
    const child = command.commands.find((one) => one.name() === word);
    if (child === undefined) break;
    command = child;
  }
  if (command === program || (command.commands.length > 0 && words.at(-1) !== command.name()))
    return "no such command";
  const known = [...program.options, ...command.options].map(({ long }) => long);
  const unknown = words.filter((word) => word.startsWith("--")).map((word) => word.replace(/=.*/, ""));
  return unknown.find((option) => option !== "--help" && !known.includes(option)) ?? null;
};

/** Command lines in a piece of code: words after `lambda-hat`, up to a comment, the end of the line or two blanks. */
const commandLinesIn = (text: string): readonly (readonly string[])[] =>
  [...text.matchAll(/(?<![\w./-])lambda-hat(?= [a-z])((?: (?!#|lambda-hat)[^\s`|;]+)+)/g)].map(
    ([, words = ""]) =>
      words
        .trim()
        .split(" ")
        .map((word) => word.replace(/[:,)]+$/, "")),
  );

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

  it("commands that the program has, with options that they have", () => {
    const lines = places.flatMap(([place, text]) =>
      codeOf(text).flatMap((span) => commandLinesIn(span).map((words) => [place, words] as const)),
    );
    const wrong = lines.flatMap(([place, words]) => {
      const mistake = mistakeIn(words);
      return mistake === null ? [] : [`${place}: lambda-hat ${words.join(" ")}: ${mistake}`];
    });
    expect(lines.length).toBeGreaterThan(20);
    expect(wrong).toEqual([]);
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
