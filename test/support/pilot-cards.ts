/** Builders of cards of pilots and of their blocks, for tests of executors. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommandCard, SlurmCard } from "../../src/cards/card.ts";
import { loadCard } from "../../src/cards/load-card.ts";
import type { BlockScript } from "../../src/executors/pilots/worker-script.ts";

const cardOf = (text: string): ReturnType<typeof loadCard>["card"] => {
  const folder = mkdtempSync(join(tmpdir(), "lambda-hat-test-"));
  try {
    writeFileSync(join(folder, "card.yaml"), text);
    return loadCard(join(folder, "card.yaml")).card;
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** A SLURM card of the given YAML lines. */
export const aSlurmCard = (lines = ""): SlurmCard => {
  const card = cardOf(`type: slurm\n${lines}`);
  if (card.type !== "slurm") throw new Error("not a SLURM card");
  return card;
};

/** A command card of the given YAML lines. */
export const aCommandCard = (lines = ""): CommandCard => {
  const card = cardOf(`type: command\n${lines}`);
  if (card.type !== "command") throw new Error("not a command card");
  return card;
};

/** What one block's script says beyond its card. */
export const aBlockScript = (fields: Partial<BlockScript> = {}): BlockScript => ({
  sweepId: "swp_0123456789ab",
  name: "slurm-1",
  jobName: "lambda-hat.swp_0123456789ab.slurm-1",
  outputPath: "/shared/runs/sweeps/swp_0123456789ab/blocks/slurm-1.out",
  exitPath: "/shared/runs/sweeps/swp_0123456789ab/blocks/slurm-1.exit",
  workingFolder: "/shared",
  badNodes: [],
  program: {
    node: "/opt/node/bin/node",
    main: "/opt/lambda-hat/dist/src/cli/main.js",
    connection: "/shared/runs/sweeps/swp_0123456789ab/redis.json",
  },
  ...fields,
});
