/** `lambda-hat presets`: what `model:`, `data:`, `teacher:` and the like can name. */
import Table from "cli-table3";
import { Command, Option } from "commander";
import { defaultPresetFolders, listPresets, presetKinds, shownPath } from "../../config/presets.ts";
import { printJson, printLine } from "../output/print.ts";

interface ListOptions {
  readonly config: string;
  readonly kind?: string;
  readonly json?: boolean;
}

/** Columns apart by blanks, no frame: easy to read and to grep. */
const plainChars = Object.fromEntries(
  ["top", "bottom", "mid", "left", "right"]
    .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
    .concat("middle", "mid-mid")
    .map((part) => [part, part === "middle" ? "  " : ""]),
);
const plainStyle = { head: [], border: [], "padding-left": 0, "padding-right": 0 };

const listCommand = (): Command =>
  new Command("ls")
    .description("list the presets that an experiment file can name")
    .option("--config <file>", "experiment file whose presets folder comes first", "config/experiments.yaml")
    .addOption(new Option("--kind <kind>", "only one kind").choices(presetKinds))
    .option("--json", "print JSON")
    .action((options: ListOptions) => {
      const presets = listPresets(defaultPresetFolders(options.config)).filter(
        ({ kind }) => options.kind === undefined || kind === options.kind,
      );
      if (options.json) {
        printJson(
          presets.map(({ kind, name, path, description, isHidden }) => ({
            kind,
            name,
            path,
            description,
            hidden: isHidden,
          })),
        );
        return;
      }
      const table = new Table({
        head: ["kind", "name", "what it is", "file"],
        chars: plainChars,
        style: plainStyle,
      });
      for (const { kind, name, path, description, isHidden } of presets) {
        table.push([kind, isHidden ? `${name} (hidden)` : name, description, shownPath(path)]);
      }
      printLine(table.toString());
    });

/** The command with its subcommand `ls`. */
export const presetsCommand = (): Command =>
  new Command("presets").description("list presets").addCommand(listCommand());
