/** `lambda-hat build [TARGET…]`: builds targets of an experiment, without sampling. */
import { Command } from "commander";
import { executeSweep } from "../sweep/execute-sweep.ts";
import { restrictPlan } from "../sweep/restrict-plan.ts";
import { addBuildOptions, sweepOptionsOf, withDefaultPlace } from "../sweep/sweep-options.ts";

export const buildCommand = (): Command =>
  addBuildOptions(
    new Command("build")
      .description("build targets of an experiment, without sampling (on this machine)")
      .argument("[targets...]", "ids or names of targets (default: all)"),
  ).action((targets: readonly string[], raw: Record<string, unknown>) =>
    executeSweep(sweepOptionsOf(withDefaultPlace(raw)), (plan) =>
      restrictPlan(plan, targets, "build-target"),
    ),
  );
