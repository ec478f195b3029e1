/** `lambda-hat sample [CELL…]`: runs chosen cells of an experiment, and builds their targets where needed. */
import { Command } from "commander";
import { executeSweep } from "../sweep/execute-sweep.ts";
import { restrictPlan } from "../sweep/restrict-plan.ts";
import { addSamplingOptions, sweepOptionsOf, withDefaultPlace } from "../sweep/sweep-options.ts";

export const sampleCommand = (): Command =>
  addSamplingOptions(
    new Command("sample")
      .description("run chosen cells of an experiment (on this machine)")
      .argument("[cells...]", "ids or names of cells, as in `base × hmc` (default: all)"),
  ).action((cells: readonly string[], raw: Record<string, unknown>) =>
    executeSweep(sweepOptionsOf(withDefaultPlace(raw)), (plan) => restrictPlan(plan, cells, "run-sampler")),
  );
