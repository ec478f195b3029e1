/** Every command line that a page or a comment of the code shows is one that the program takes. */
import { type Command, CommanderError } from "commander";
import { expect, it } from "vitest";
import { buildProgram } from "../../src/cli/program.ts";
import { sweepOptionsOf, withDefaultPlace } from "../../src/cli/sweep/sweep-options.ts";
import { commentsOf, readTracked, trackedCode, trackedFiles } from "../support/tracked-files.ts";

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

const places: readonly (readonly [string, string])[] = [
  ...trackedFiles.filter((path) => path.endsWith(".md")).map((page) => [page, readTracked(page)] as const),
  ...trackedCode.map((path) => [path, commentsOf(readTracked(path))] as const),
];
const lines = places.flatMap(([place, text]) => shownIn(text).map((shown) => ({ place, ...shown })));

/** What a mention may leave out: arguments, options that must be given, the command of a group. */
const leftOut: ReadonlySet<string> = new Set([
  "commander.missingArgument",
  "commander.optionMissingArgument",
  "commander.missingMandatoryOptionValue",
  "commander.help",
]);

/** The words of a line as a shell splits them. */
const wordsOf = (line: string): readonly string[] =>
  [...line.replace(pattern, "").matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? "",
  );

/** The program, with commands that only read their options. */
const readingProgram = (isMention: boolean): Command => {
  const program = buildProgram();
  const disarm = (command: Command, path: string): void => {
    command.configureOutput({ writeErr: () => {} });
    for (const child of command.commands) disarm(child, `${path} ${child.name()}`);
    if (command.commands.length > 0) return;
    command.action(() => {
      if (isMention) return;
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

it.each(lines)("$place: $line", async ({ line, isMention }) => {
  try {
    await readingProgram(isMention).parseAsync([...wordsOf(line)], { from: "user" });
  } catch (error) {
    const isShort = error instanceof CommanderError && leftOut.has(error.code);
    if (!(isMention && isShort)) throw error;
  }
});
