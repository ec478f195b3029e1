/** The help of every command, word for word. To accept a change: see test/README.md. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { buildProgram } from "../../src/cli/program.ts";
import { packageRoot } from "../../src/core/package-root.ts";

/** Every command with its file name: `workflow-llc`. */
const commandsOf = (command: Command, name: string): readonly (readonly [string, Command])[] => [
  [name, command],
  ...command.commands.flatMap((child) => commandsOf(child, `${name}-${child.name()}`)),
];
const commands = commandsOf(buildProgram(), "lambda-hat");

describe("help", () => {
  it.each(commands)("of %s", async (name, command) => {
    command.configureHelp({ helpWidth: 100 });
    await expect(command.helpInformation()).toMatchFileSnapshot(`help/${name}.txt`);
  });

  it("is kept of commands that exist, and of no others", () => {
    const kept = readdirSync(join(packageRoot, "test", "golden", "help"));
    expect(kept.toSorted()).toEqual(commands.map(([name]) => `${name}.txt`).toSorted());
  });
});
