/** Every command line that README.md and the pages of docs/ show is one that the program takes. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, CommanderError } from "commander";
import { expect, it } from "vitest";
import { buildProgram } from "../../src/cli/program.ts";
import { sweepOptionsOf, withDefaultPlace } from "../../src/cli/sweep/sweep-options.ts";
import { packageRoot } from "../../src/core/package-root.ts";

const pagesIn = (folder: string): readonly string[] =>
  readdirSync(join(packageRoot, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));
const pages = ["README.md", "docs", "config", "cards", "results", "runs"].flatMap((path) =>
  path.endsWith(".md") ? [path] : pagesIn(path),
);

interface Shown {
  readonly line: string;
  /** In the middle of a sentence, where a command may be named without its arguments. */
  readonly isMention: boolean;
}

const pattern = /^(?:npx )?lambda-hat (?=[a-z])/;

const shownIn = (text: string): readonly Shown[] => {
  const blocks = [...text.matchAll(/^```bash\n(.*?)^```/gms)].flatMap(([, block = ""]) =>
    block
      .replaceAll("\\\n", " ")
      .split(/\n|&&/)
      .map((line) => ({ line: line.replace(/ # .*/, "").trim(), isMention: false })),
  );
  const mentions = [...text.replace(/^```.*?^```/gms, "").matchAll(/`([^`\n]+)`/g)].map(([, line = ""]) => ({
    line,
    isMention: true,
  }));
  return [...blocks, ...mentions].filter(({ line }) => pattern.test(line));
};

const lines = pages.flatMap((page) =>
  shownIn(readFileSync(join(packageRoot, page), "utf8")).map((shown) => ({ page, ...shown })),
);

/** The words of a line as a shell splits them. */
const wordsOf = (line: string): readonly string[] =>
  [...line.replace(pattern, "").matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? "",
  );

/** The program, with commands that only read their options. */
const readingProgram = (): Command => {
  const program = buildProgram();
  const disarm = (command: Command, path: string): void => {
    command.configureOutput({ writeErr: () => {} });
    for (const child of command.commands) disarm(child, `${path} ${child.name()}`);
    if (command.commands.length > 0) return;
    command.action(() => {
      if (path === " workflow llc") sweepOptionsOf(command.opts());
      if (path === " build" || path === " sample") sweepOptionsOf(withDefaultPlace(command.opts()));
    });
  };
  disarm(program, "");
  return program;
};

it("finds command lines", () => {
  expect(lines.filter(({ isMention }) => !isMention).length).toBeGreaterThan(8);
  expect(lines.length).toBeGreaterThan(20);
});

it.each(lines)("$page: $line", async ({ line, isMention }) => {
  try {
    await readingProgram().parseAsync([...wordsOf(line)], { from: "user" });
  } catch (error) {
    const isName = error instanceof CommanderError && error.code === "commander.missingArgument";
    if (!(isMention && isName)) throw error;
  }
});
