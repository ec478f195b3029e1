/** The batch script of a card's first block, as it would be submitted from here. */
import { join, resolve } from "node:path";
import type { SlurmCard } from "../../cards/card.ts";
import type { BlockScript } from "../../executors/pilots/worker-script.ts";
import { formatSbatchScript } from "../../executors/slurm-script.ts";
import { type Store, sweepFiles } from "../../runs/layout.ts";
import { workerProgram } from "./sweep-executor.ts";

/** What the first block of a sweep is told beyond its card. */
export const exampleBlock = (card: SlurmCard, sweepId: string, store: Store): BlockScript => {
  const files = sweepFiles(store.runs, sweepId);
  const folder = card.runDir === null ? files.blocks : resolve(card.runDir, sweepId);
  const name = `${card.label}-1`;
  return {
    sweepId,
    name,
    jobName: `lambda-hat.${sweepId}.${name}`,
    outputPath: join(folder, `${name}.out`),
    exitPath: join(folder, `${name}.exit`),
    workingFolder: process.cwd(),
    badNodes: [],
    program: workerProgram(files.redis),
  };
};

/** Its text. */
export const exampleScript = (card: SlurmCard, sweepId: string, store: Store): string =>
  formatSbatchScript(card, exampleBlock(card, sweepId, store));
