/** The text of batch scripts, to the letter: the packaged cards and one of every kind. To accept a change: see test/README.md. */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { SlurmCard } from "../../src/cards/card.ts";
import { loadCard } from "../../src/cards/load-card.ts";
import { packageRoot } from "../../src/core/package-root.ts";
import { formatSbatchScript } from "../../src/executors/slurm-script.ts";
import { aBlockScript, aSlurmCard } from "../support/pilot-cards.ts";

const packaged = (name: string): SlurmCard => {
  const { card } = loadCard(name);
  if (card.type !== "slurm") throw new Error("not a SLURM card");
  return card;
};

const cases: Readonly<Record<string, () => string>> = {
  cpu: () => formatSbatchScript(packaged("slurm/cpu"), aBlockScript({ name: "cpu-1" })),
  "gpu-a100": () => formatSbatchScript(packaged("slurm/gpu-a100"), aBlockScript({ name: "gpu-a100-1" })),
  everything: () =>
    formatSbatchScript(
      aSlurmCard(`
label: all
serves: build
partition: [gpu, long]
account: 123
qos: high
constraint: "a100&nvlink"
clusters: east
reservation: maintenance
exclude: [n1]
nodes_per_block: 2
cores_per_node: 16
mem_per_cpu: 500M
gpus_per_node: 4
gpu_type: a100
gpu_request: gpus
gres: nvme:1
exclusive: true
walltime: 1-00:30:00
drain_before: 10m
min_blocks: 1
max_blocks: 3
mem_per_worker: 3.5
scheduler_options_extra: |
  #SBATCH --licenses=matlab
  --mail-type=END
directives_skip: [requeue]
worker_init: |
  module load nodejs
  source /opt/env.sh
env: { MPLBACKEND: Agg, WORDS: "it's two" }
node: /opt/node 20/bin/node
`),
      aBlockScript({ name: "all-7", badNodes: ["n7", "n1"], workingFolder: "/shared/my sweeps" }),
    ),
  unlimited: () =>
    formatSbatchScript(
      aSlurmCard('walltime: UNLIMITED\nlauncher: "apptainer exec image.sif"'),
      aBlockScript(),
    ),
};

describe("formatSbatchScript", () => {
  for (const [name, format] of Object.entries(cases)) {
    it(`writes the script of the card "${name}" as it is in test/golden/sbatch`, async () => {
      await expect(format()).toMatchFileSnapshot(`sbatch/${name}.sh`);
    });

    it(`writes for the card "${name}" what bash can parse`, () => {
      expect(execFileSync("bash", ["-n"], { input: format(), encoding: "utf8" })).toBe("");
    });
  }

  it("has no golden script that it does not write", () => {
    const kept = readdirSync(join(packageRoot, "test", "golden", "sbatch"));
    expect(kept.toSorted()).toEqual(
      Object.keys(cases)
        .map((name) => `${name}.sh`)
        .toSorted(),
    );
  });
});
