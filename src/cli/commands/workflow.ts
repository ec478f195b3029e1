/** `lambda-hat workflow llc`: builds every target, runs every sampler on it, judges the runs and writes the table. */
import { Command } from "commander";
import { executeSweep } from "../sweep/execute-sweep.ts";
import { addSamplingOptions, sweepOptionsOf } from "../sweep/sweep-options.ts";

export const workflowCommand = (): Command => {
  const llc = addSamplingOptions(
    new Command("llc").description("estimate λ̂ for every target × sampler of an experiment"),
  ).action((raw: Record<string, unknown>) => executeSweep(sweepOptionsOf(raw)));
  return new Command("workflow").description("whole sweeps").addCommand(llc);
};
