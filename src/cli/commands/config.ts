/** `lambda-hat config`: check an experiment file, show it resolved, print its JSON Schema. */
import { Command } from "commander";
import { formatResolved, resolvedFile } from "../../config/format-resolved.ts";
import { experimentJsonSchema } from "../../config/json-schema.ts";
import { formatKeyTables } from "../../config/key-tables.ts";
import { loadExperiment } from "../../config/load-experiment.ts";
import { collect } from "../option-values.ts";
import { printJson, printLine } from "../output/print.ts";

const defaultFile = "config/experiments.yaml";

interface FileOptions {
  readonly set: readonly string[];
  readonly json?: boolean;
}

const fileCommand = (name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .argument("[file]", "experiment file", defaultFile)
    .option("--set <path=value>", "override a value, for example samplers.0.overrides.draws=500", collect, [])
    .option("--json", "print JSON");

const checkCommand = (): Command =>
  fileCommand("check", "report every mistake in an experiment file").action(
    (file: string, options: FileOptions) => {
      const experiment = loadExperiment(file, { sets: options.set });
      const targets = experiment.targets.length;
      const samplers = experiment.samplers.length;
      const cells = targets * samplers;
      if (options.json) printJson({ file: experiment.file, ok: true, targets, samplers, cells });
      else printLine(`${experiment.file}: ok, ${targets} targets x ${samplers} samplers = ${cells} cells.`);
    },
  );

const showCommand = (): Command =>
  fileCommand("show", "print an experiment with presets, lists and --set worked out").action(
    (file: string, options: FileOptions) => {
      const experiment = loadExperiment(file, { sets: options.set });
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
