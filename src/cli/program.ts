/**
 * The list of commands. Each lives in its own file under `src/cli/commands/`; this file only gathers them
 * and turns whatever they throw into one message and an exit code.
 */
import { Command, CommanderError } from "commander";
import { type ErrorRecord, errorRecordOf, SweepError } from "../core/errors.ts";
import { packageVersion } from "../core/package-root.ts";
import { backendsCommand } from "./commands/backends.ts";
import { boardCommand } from "./commands/board.ts";
import { buildCommand } from "./commands/build.ts";
import { cancelCommand } from "./commands/cancel.ts";
import { cardCommand } from "./commands/card.ts";
import { configCommand } from "./commands/config.ts";
import { diagnoseCommand } from "./commands/diagnose.ts";
import { exactLlcCommand } from "./commands/exact-llc.ts";
import { explainCommand } from "./commands/explain.ts";
import { logsCommand } from "./commands/logs.ts";
import { presetsCommand } from "./commands/presets.ts";
import { resultsCommand } from "./commands/results.ts";
import { resumeCommand, retryCommand } from "./commands/resume.ts";
import { sampleCommand } from "./commands/sample.ts";
import { statusCommand } from "./commands/status.ts";
import { summarizeCommand } from "./commands/summarize.ts";
import { workerCommand } from "./commands/worker.ts";
import { workflowCommand } from "./commands/workflow.ts";
import { exitCode, exitCodeOf } from "./exit-codes.ts";
import { printError } from "./output/print.ts";

/** The whole command line, ready to parse; also what the golden test of `--help` reads. */
export const buildProgram = (): Command => {
  const program = new Command("lambda-hat")
    .description(
      "Estimates the local learning coefficient of neural networks in sweeps of targets and samplers.",
    )
    .version(packageVersion)
    .option("--verbose", "show stacks of errors")
    .showSuggestionAfterError(true)
    .exitOverride();
  const commands = [
    workflowCommand(),
    statusCommand(),
    cancelCommand(),
    resumeCommand(),
    retryCommand(),
    explainCommand(),
    logsCommand(),
    buildCommand(),
    sampleCommand(),
    diagnoseCommand(),
    resultsCommand(),
    configCommand(),
    cardCommand(),
    presetsCommand(),
    backendsCommand(),
    summarizeCommand(),
    exactLlcCommand(),
    workerCommand(),
    boardCommand(),
  ];
  for (const command of commands) program.addCommand(inheritExit(command));
  return program;
};

const inheritExit = (command: Command): Command => {
  command.exitOverride();
  command.showSuggestionAfterError(true);
  for (const child of command.commands) inheritExit(child);
  return command;
};

/** Nothing of commander's on standard error: what is wrong is printed as JSON instead. */
const silence = (command: Command): void => {
  command.configureOutput({ writeErr: () => {} });
  for (const child of command.commands) silence(child);
};

/** What commander found wrong with the command line, as an error of ours. */
const usageRecordOf = ({ message }: CommanderError): ErrorRecord =>
  errorRecordOf(new SweepError("USAGE", message.replace(/^error: /, "").replace(/\s*\n\s*/g, " ")));

/** Parses and runs one command line. Returns the exit code; never throws. */
export const runCli = async (args: readonly string[]): Promise<number> => {
  const program = buildProgram();
  const options = { verbose: args.includes("--verbose"), json: args.includes("--json") };
  if (options.json) silence(program);
  try {
    await program.parseAsync([...args], { from: "user" });
    return typeof process.exitCode === "number" ? process.exitCode : exitCode.ok;
  } catch (error) {
    // commander has already printed its message; `--help` and `--version` arrive here with exit code 0.
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCode.ok;
      if (options.json) printError(usageRecordOf(error), options);
      return exitCode.usage;
    }
    const record = errorRecordOf(error);
    printError(record, options);
    return exitCodeOf(record.code);
  }
};
