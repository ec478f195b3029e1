/** A sweep on allocations that SLURM takes away for somebody with a higher priority. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  hasMainScript,
  type StartedCommand,
  startSweepIn,
  sweepEventsIn,
  traceDigestsIn,
  untilDrawing,
} from "../support/card-sweep.ts";
import { until } from "../support/processes.ts";
import { hasRedisServer } from "../support/redis-server.ts";
import { hasSlurm, type SlurmCluster, startSlurm } from "../support/slurm-cluster.ts";

/** Some thirty seconds on a free core: it runs when the other job comes. */
const experiment = `
posterior: { gamma: 100 }
targets: [{ model: small, data: tiny, training: quick, seed: 42 }]
samplers: [{ name: hmc, overrides: { draws: 60000, warmup: 100, thinning: 20 } }]
`;

describe.skipIf(!hasSlurm || !hasRedisServer || !hasMainScript)(
  "preemption (needs SLURM's daemons, redis-server and a build)",
  { timeout: 480_000 },
  () => {
    let slurm: SlurmCluster;
    let folder = "";
    let commands: StartedCommand[] = [];
    let expected: readonly string[] = [];
    const reference = mkdtempSync(join(tmpdir(), "lambda-hat-test-"));

    beforeAll(async () => {
      slurm = await startSlurm();
      const local = startSweepIn(reference, experiment, { args: ["--local"] });
      expect((await local.ended).code).toBe(0);
      expected = traceDigestsIn(reference);
    }, 240_000);
    afterAll(async () => {
      await slurm.stop();
      rmSync(reference, { recursive: true, force: true });
    }, 60_000);

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "lambda-hat-test-"));
      commands = [];
      return async () => {
        for (const { child } of commands) if (child.exitCode === null) child.kill("SIGKILL");
        const left = (): string => slurm.run("squeue", "-h", "-t", "PD,R,CF").trim();
        await until("no allocation is left", () => left() === "", 60_000);
        rmSync(folder, { recursive: true, force: true });
      };
    });

    const start = (partition: string): StartedCommand => {
      const card = join(folder, "card.yaml");
      writeFileSync(
        card,
        `{ type: slurm, label: pilot, partition: ${partition}, cores_per_node: 2, mem_per_node: 1, redis: { interface: 127.0.0.1 } }`,
      );
      const place = join(folder, "sweep");
      const started = startSweepIn(place, experiment, { args: ["--card", card], env: slurm.env });
      commands.push(started);
      return started;
    };
    /**
     * A job that wants both nodes, for a moment, and goes first: submitted anew while job `id` still runs, because SLURM does
     * not always look again at one that it passed over.
     */
    const preempt = async (id: string): Promise<void> => {
      const request = ["--parsable", "--partition=debug", "--nodes=2", "--cpus-per-task=2", "--mem=100"];
      const stateOf = (job: string): string => slurm.run("squeue", "-h", "-j", job, "-o", "%T").trim();
      for (let attempt = 0; attempt < 10 && stateOf(id) === "RUNNING"; attempt++) {
        const job = slurm.run("sbatch", ...request, "--output=/dev/null", "--wrap=sleep 2").trim();
        for (let look = 0; look < 20 && stateOf(id) === "RUNNING"; look++) await sleep(100);
        if (stateOf(id) === "RUNNING") slurm.run("scancel", job);
      }
    };
    const runningJob = (): string => slurm.run("squeue", "-h", "-t", "R", "-o", "%i").trim();
    const statesOf = ({ place }: StartedCommand): readonly string[] =>
      sweepEventsIn(place).flatMap((event) => (event.kind === "block" ? [event.state] : []));
    const expectFree = async (sweep: StartedCommand): Promise<void> => {
      expect(await sweep.ended).toMatchObject({ code: 0 });
      const kinds = sweepEventsIn(sweep.place).map(({ kind }) => kind);
      expect(kinds).toContain("given_back");
      expect(kinds).not.toContain("retry");
      expect(kinds).not.toContain("worker_lost");
      expect(traceDigestsIn(sweep.place)).toEqual(expected);
    };

    it("a cell on a preempted allocation that is requeued goes on from its checkpoint, free of charge, in the same block", async () => {
      const sweep = start("requeued");
      await untilDrawing(sweep);
      const id = runningJob();
      await preempt(id);
      const state = (): string => slurm.run("squeue", "-h", "-j", id, "-o", "%T").trim();
      await until("it waits again", () => state() === "PENDING", 60_000);
      slurm.hasten(id);
      await expectFree(sweep);
      expect(statesOf(sweep).filter((name) => name === "submitted")).toHaveLength(1);
    });

    it("a cell on a preempted allocation that is cancelled goes on from its checkpoint, free of charge, in another block", async () => {
      const sweep = start("cancelled");
      await untilDrawing(sweep);
      await preempt(runningJob());
      await expectFree(sweep);
      expect(statesOf(sweep).filter((name) => name === "submitted")).toHaveLength(2);
    });
  },
);
