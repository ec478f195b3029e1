/**
 * A sweep that is killed or stopped at any time goes on where it was and ends in the same bytes.
 *
 * Times come from a seeded generator; what they hit depends on the machine, which is the point.
 * Seen to fail: a checkpoint that counts one draw too many; a resume that does not restore the sampler's state.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { samplerNames } from "../../src/samplers/registry.ts";
import { hasBuild, type Running, runCommand, startCommand, sweepIn } from "../support/command-line.ts";
import { generator } from "../support/generator.ts";
import { isRunning, taskProcessesOf, until } from "../support/processes.ts";
import { contentsOf, eventsIn, filesUnder, promisedFiles } from "../support/sweep-folder.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Each run lasts about a second; those of other samplers, as they are by default, less. */
const settings: Readonly<Record<string, string>> = {
  hmc: "{ draws: 2500, warmup: 500 }",
  sgld: "{ steps: 150000, batch_size: 16, eval_every: 20 }",
  mclmc: "{ draws: 3000, num_steps: 4000 }",
  vi: "{ M: 2, r: 1, steps: 2500, batch_size: 16 }",
};
const experiment = `
training: quick
sampling: { chains: 2 }
targets:
  - { model: tiny, data: tiny, seed: 1 }
samplers:
${samplerNames.map((name) => `  - { name: ${name}, overrides: ${settings[name] ?? "{}"} }`).join("\n")}
`;
/** Checkpoints as often as can be; a lost process costs a task nothing of its budget. */
const often = { LAMBDA_HAT_CHECKPOINT_SEC: "0.03" };
const sweep = (folder: string): readonly string[] =>
  sweepIn(folder, experiment, "--set", "card.crash_limit=1000", "--slots", "2");

const isSlow = process.env["LAMBDA_HAT_SLOW"] === "1";
const numKills = isSlow ? 400 : 24;

type Victim = "task" | "slot" | "command";
const victims: readonly Victim[] = ["task", "slot", "task", "command", "slot"];
const manifests = ["manifest.json", "meta.json"];

/** What is in one collection of files and not in the other, or differs. */
const differences = (
  found: ReadonlyMap<string, Buffer>,
  expected: ReadonlyMap<string, Buffer>,
): readonly string[] =>
  [...new Set([...found.keys(), ...expected.keys()])].flatMap((path) => {
    const [mine, other] = [found.get(path), expected.get(path)];
    if (mine === undefined) return [`${path} is missing`];
    if (other === undefined) return [`${path} is new`];
    return mine.equals(other) ? [] : [`${path} differs`];
  });

/** Logs of `folder` in which a run went on from a checkpoint. */
const numResumed = (folder: string): number =>
  filesUnder(join(folder, "logs")).filter((path) =>
    readFileSync(join(folder, "logs", path), "utf8").includes("resuming at"),
  ).length;

const numRunsStarted = (running: Running): number =>
  running.output().stderr.match(/ run .*: started/g)?.length ?? 0;

/** Runs of `folder` that have a checkpoint. */
const checkpointsIn = (folder: string): readonly string[] =>
  filesUnder(folder).filter((path) => path.endsWith("/checkpoint.bin"));

describe.skipIf(!hasBuild || process.platform !== "linux")("a sweep (needs Linux and a build)", () => {
  const reference = mkdtempSync(join(tmpdir(), "lambda-hat-test-"));
  let undisturbed: ReadonlyMap<string, Buffer> = new Map();
  /** What the pauses between kills are measured by, so that a slow machine gets as far between two of them. */
  let undisturbedMs = 0;
  let seen = new Set<number>();

  const start = (folder: string): Running => {
    const running = startCommand(sweep(folder), { cwd: folder, env: often });
    seen.add(running.child.pid);
    return running;
  };
  /** Runs the sweep to its end and checks all that is promised of it. */
  const finishAndCompare = async (folder: string): Promise<void> => {
    const { code, stderr } = await start(folder).ended;
    expect(stderr).not.toMatch(/bug|warning(?!: using backend wasm)/i); // but where there is no C compiler
    expect(code).toBe(0);
    expect(differences(contentsOf(folder, promisedFiles), undisturbed)).toEqual([]);
    const leftovers = filesUnder(folder).filter((path) => /checkpoint|draws\.log|\.lock|\.tmp/.test(path));
    expect(leftovers).toEqual([]);
  };

  beforeAll(async () => {
    const begin = performance.now();
    const { code } = await runCommand(sweep(reference), { cwd: reference });
    undisturbedMs = performance.now() - begin;
    expect(code).toBe(0);
    undisturbed = contentsOf(reference, promisedFiles);
    expect(undisturbed.size).toBe(2 + samplerNames.length);
  }, 120_000);
  afterAll(() => rmSync(reference, { recursive: true, force: true }));
  afterEach(async () => {
    await until("all processes are gone", () => ![...seen].some(isRunning));
    seen = new Set();
  });

  /** Kills `what` of a running command; false if there was nothing to kill. */
  const kill = (what: Victim, running: Running, random: () => number): boolean => {
    const driver = running.child.pid;
    const processes = taskProcessesOf(driver);
    for (const pid of processes) seen.add(pid);
    const victim = processes[Math.floor(random() * processes.length)];
    if (victim === undefined) return false;
    process.kill({ command: driver, slot: -victim, task: victim }[what], "SIGKILL");
    return true;
  };

  /** Runs a sweep in `folder` and kills it until it has ended or `maxKills` is reached; then lets it end. */
  const storm = async (folder: string, maxKills: number, random: () => number): Promise<number> => {
    const finished = new Map<string, Buffer>();
    let kills = 0;
    let running = start(folder);
    while (kills < maxKills && running.child.exitCode === null) {
      await sleep(undisturbedMs * (0.01 + 0.13 * random()));
      const what = victims[kills % victims.length] as Victim;
      if (running.child.exitCode !== null || !kill(what, running, random)) continue;
      kills++;
      if (what === "command") {
        await running.ended;
        running = start(folder);
      }
      for (const [path, bytes] of contentsOf(folder, manifests)) {
        const before = finished.get(path);
        expect(before === undefined || before.equals(bytes), `${path} was written again`).toBe(true);
        finished.set(path, bytes);
      }
    }
    await running.ended;
    await finishAndCompare(folder);
    const last = contentsOf(folder, manifests);
    expect(
      [...finished.keys()].filter((path) => last.get(path)?.equals(finished.get(path) as Buffer) !== true),
    ).toEqual([]);
    return kills;
  };

  it(
    `that is killed (task, slot, command; ${numKills} times) ends in the bytes of an undisturbed one and repeats nothing finished`,
    async () => {
      const random = generator(20);
      let kills = 0;
      let resumed = 0;
      while (kills < numKills) {
        const folder = temporaryFolder();
        kills += await storm(folder, Math.min(24, numKills - kills), random);
        resumed += numResumed(folder);
      }
      expect(resumed).toBeGreaterThan(0);
    },
    (isSlow ? 40 : 5) * 60_000,
  );

  it("that gets SIGINT, SIGTERM or SIGINT twice ends with 130, and the next run goes on from there to the same bytes", async () => {
    const folder = temporaryFolder();
    const stops: readonly (readonly [signal: NodeJS.Signals, times: number])[] = [
      ["SIGINT", 1],
      ["SIGTERM", 1],
      ["SIGINT", 2],
    ];
    for (const [signal, times] of stops) {
      const running = start(folder);
      await until("a run is drawing", () => numRunsStarted(running) > 0, 60_000);
      await sleep(300);
      for (let count = 0; count < times; count++) {
        running.child.kill(signal);
        await sleep(20);
      }
      const { code, stdout, stderr } = await running.ended;
      expect(code).toBe(130);
      expect(stderr).toContain(`${signal}: finishing at the next checkpoint`);
      expect(stdout).toContain("stopped; run the same command again");
      expect(stdout).toMatch(/cancelled/);
      expect(taskProcessesOf(running.child.pid)).toEqual([]);
      expect(checkpointsIn(folder)).not.toEqual([]);
    }
    expect(eventsIn(folder).filter(({ kind }) => kind === "task_failed")).toEqual([]);
    await finishAndCompare(folder);
    expect(numResumed(folder)).toBeGreaterThan(0);
  }, 240_000);
});
