/**
 * A cell that is longer than its allocations on a SLURM that means it: its own warning (`--signal`) and its own time limit end
 * them, whose smallest unit is a minute. `slurm-sweep.test.ts` tries the same in seconds with the worker's clock alone.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasMainScript, startSweepIn, sweepEventsIn, traceDigestsIn } from "../support/card-sweep.ts";
import { hasRedisServer } from "../support/redis-server.ts";
import { hasSlurm, type SlurmCluster, startSlurm } from "../support/slurm-cluster.ts";

/** Some five minutes on a free core. */
const experiment = `
posterior: { gamma: 100 }
targets: [{ model: small, data: tiny, training: quick, seed: 42 }]
samplers: [{ name: hmc, overrides: { draws: 40000, warmup: 100, thinning: 120 } }]
`;
const common = `
type: slurm
label: pilot
cores_per_node: 1
mem_per_node: 1
max_blocks: 1
submit: { min_interval: 0.2 }
redis: { interface: 127.0.0.1 }
`;

describe.skipIf(!hasSlurm || !hasRedisServer || !hasMainScript)(
  "a cell of five minutes (needs SLURM's daemons, redis-server and a build)",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "lambda-hat-test-"));
    let slurm: SlurmCluster;
    beforeAll(async () => {
      slurm = await startSlurm();
    });
    afterAll(async () => {
      await slurm.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    const start = (name: string, card: string) => {
      const path = join(folder, `${name}.yaml`);
      writeFileSync(path, `${common}${card}`);
      return startSweepIn(join(folder, name), experiment, { args: ["--card", path], env: slurm.env });
    };

    it("finishes over allocations of two minutes without a retry, whichever way SLURM ends them, in the same bytes", async () => {
      const local = startSweepIn(join(folder, "local"), experiment, { args: ["--local"] });
      const sweeps = [
        start("signal", 'walltime: "00:02:00"\ndrain_before: 30\n'),
        // The worker believes that it has an hour, and nobody warns it.
        start(
          "limit",
          'walltime: "00:02:00"\ndrain_before: 10\ndirectives_skip: [signal]\nworker_init: export SLURM_JOB_END_TIME=$(($(date +%s) + 3600))\n',
        ),
      ];
      const ends = await Promise.all([local, ...sweeps].map(({ ended }) => ended));
      expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
      for (const { place, output } of sweeps) {
        const events = sweepEventsIn(place);
        const kinds = events.map(({ kind }) => kind);
        expect(kinds.filter((kind) => kind === "given_back").length, output()).toBeGreaterThanOrEqual(2);
        expect(kinds).not.toContain("retry");
        expect(kinds).not.toContain("worker_lost");
        expect(traceDigestsIn(place)).toEqual(traceDigestsIn(join(folder, "local")));
      }
      const endsOf = (place: string): string =>
        sweepEventsIn(place)
          .flatMap((event) => (event.kind === "block" && event.state === "ended" ? [event.message] : []))
          .join("\n");
      const [signal, limit] = sweeps.map(({ place }) => endsOf(place));
      expect(signal).toContain("its walltime was over"); // USR1
      expect(limit).toContain("it was cancelled or preempted"); // TERM
      expect(slurm.run("squeue", "-h", "-t", "PD,R").trim()).toBe("");
    });
  },
);
