/** `lambda-hat config`: check an experiment file, show it resolved, print its JSON Schema. */
import { Command } from "commander";
import { formatResolved, resolvedFile } from "../../config/format-resolved.ts";
import { experimentJsonSchema } from "../../config/json-schema.ts";
import { formatKeyTables } from "../../config/key-tables.ts";
import { loadExperiment } from "../../config/load-experiment.ts";
import { SweepError } from "../../core/errors.ts";
import { quote } from "../../core/yaml/mistakes.ts";
import { collect } from "../option-values.ts";
import { printJson, printLine } from "../output/print.ts";

const defaultFile = "config/experiments.yaml";

interface FileOptions {
  readonly config?: string;
  readonly set: readonly string[];
  readonly json?: boolean;
}

const fileCommand = (name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .argument("[file]", `experiment file (default: "${defaultFile}")`)
    .option("--config <file>", "the same, as other commands spell it")
    .option("--set <path=value>", "override a value, for example samplers.0.overrides.draws=500", collect, [])
    .option("--json", "print JSON");

/** @throws SweepError `USAGE` if the file is named twice. */
const fileOf = (file: string | undefined, { config }: FileOptions): string => {
  if (file !== undefined && config !== undefined) {
    const names = `${quote(file)} and --config ${quote(config)}`;
    throw new SweepError("USAGE", `got ${names}; expected one experiment file. Leave one of them out.`);
  }
  return file ?? config ?? defaultFile;
};

const checkCommand = (): Command =>
  fileCommand("check", "report every mistake in an experiment file").action(
    (file: string | undefined, options: FileOptions) => {
      const experiment = loadExperiment(fileOf(file, options), { sets: options.set });
      const targets = experiment.targets.length;
      const samplers = experiment.samplers.length;
      const cells = targets * samplers;
      if (options.json) printJson({ file: experiment.file, ok: true, targets, samplers, cells });
      else printLine(`${experiment.file}: ok, ${targets} targets x ${samplers} samplers = ${cells} cells.`);
    },
  );

const showCommand = (): Command =>
  fileCommand("show", "print an experiment with presets, lists and --set worked out").action(
    (file: string | undefined, options: FileOptions) => {
      const experiment = loadExperiment(fileOf(file, options), { sets: options.set });
      if (options.json) printJson(resolvedFile(experiment));
      else printLine(formatResolved(experiment).trimEnd());
    },
  );

const schemaCommand = (): Command =>
  new Command("schema")
    .description("print the JSON Schema of experiment files, for editors")
    .option("--markdown", "print the tables of keys instead, as in config/README.md")
    .action((options: { markdown?: boolean }) => {
      if (options.markdown) printLine(formatKeyTables().trimEnd());
      else printJson(experimentJsonSchema());
    });

/** The command with its subcommands `check`, `show` and `schema`. */
export const configCommand = (): Command =>
  new Command("config")
    .description("check and show experiment files")
    .addCommand(checkCommand())
    .addCommand(showCommand())
    .addCommand(schemaCommand());
