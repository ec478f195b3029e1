/** `lambda-hat backends`: what can compute on this machine, and why the rest cannot. */
import { Command } from "commander";
import { probeBackends } from "../../tasks/probe-backends.ts";
import { dataColors } from "../output/colors.ts";
import { printJson, printLine, printNote } from "../output/print.ts";

export const backendsCommand = (): Command =>
  new Command("backends")
    .description("compute backends that work here, fastest first, and why others do not")
    .option("--json", "print JSON")
    .action(async (options: { json?: boolean }) => {
      const probes = await probeBackends(printNote);
      if (options.json === true) {
        printJson(probes.map(({ name, isUsable, detail }) => ({ name, is_usable: isUsable, detail })));
        return;
      }
      for (const { name, isUsable, detail } of probes) {
        printLine(`${isUsable ? dataColors.green("✓") : dataColors.red("✗")} ${name.padEnd(10)} ${detail}`);
      }
    });
