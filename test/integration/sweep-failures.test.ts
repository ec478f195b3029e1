/** One bad target, one bad sampler, one slow and one greedy task: everything else goes on, and each failure says what to do. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Ended, hasBuild, runCommand, startCommand, sweepIn } from "../support/command-line.ts";
import { until } from "../support/processes.ts";
import { contentsOf, eventsIn } from "../support/sweep-folder.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const good = "{ model: tiny, data: tiny, seed: 1 }";
const poisoned = "{ model: tiny, data: tiny, seed: 2, training: { optimizer: sgd, learning_rate: 1e6 } }";
const short = "{ name: hmc, overrides: { draws: 100, warmup: 50 } }";
const endless = "{ name: mclmc, overrides: { draws: 3000000 } }";
const experiment = (targets: readonly string[], samplers: readonly string[], top = ""): string =>
  [
    "training: quick",
    top,
    "targets:",
    ...targets.map((target) => `  - ${target}`),
    "samplers:",
    ...samplers.map((sampler) => `  - ${sampler}`),
    "",
  ].join("\n");

type Row = Readonly<Record<string, unknown>>;

/** Rows of the table in `folder`, by way of the command that prints them. */
const rowsIn = async (folder: string): Promise<readonly Row[]> => {
  const { stdout, code } = await runCommand(["results", "--json"], { cwd: folder });
  expect(code).toBe(0);
  return JSON.parse(stdout) as Row[];
};
/** `seed sampler_label` → one member of each row. */
const columnOf = (rows: readonly Row[], name: string): Record<string, unknown> =>
  Object.fromEntries(
    rows.map((row) => [`${String(row["seed"])} ${String(row["sampler_label"])}`, row[name]]),
  );

describe.skipIf(!hasBuild || process.platform !== "linux")(
  "a sweep with failures (needs Linux and a build)",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "lambda-hat-test-"));
    const unstable = "sgld steps=2000 batch_size=16 step_size=1e3";
    const args = sweepIn(
      folder,
      experiment(
        [good, poisoned],
        [
          short,
          "{ name: sgld, overrides: { steps: 2000, batch_size: 16, step_size: 1e3 } }",
          endless,
          "{ name: hmc, sampling: { chains: 3000000 }, overrides: { draws: 10, warmup: 10 } }",
        ],
        "timeout: { sample: 20 }\nresources: { sample: { memory: 700M } }",
      ),
      // No native kernels: compiling them for the first time would count as the task's time.
      "--backend=wasm",
      "--slots=2",
    );
    const slow = "mclmc draws=3000000";
    const greedy = "hmc chains=3000000 draws=10 warmup=10";
    const plain = "hmc draws=100 warmup=50";
    let first: Ended;
    let rows: readonly Row[];

    beforeAll(async () => {
      first = await runCommand(args, { cwd: folder });
      rows = await rowsIn(folder);
    }, 240_000);
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it("ends with 1 and has one row a planned cell, with its status", () => {
      expect(first.code).toBe(1);
      expect(columnOf(rows, "status")).toEqual({
        [`1 ${plain}`]: "ok",
        [`1 ${unstable}`]: "ok",
        [`1 ${slow}`]: "timeout",
        [`1 ${greedy}`]: "out_of_memory",
        [`2 ${plain}`]: "upstream_failed",
        [`2 ${unstable}`]: "upstream_failed",
        [`2 ${slow}`]: "upstream_failed",
        [`2 ${greedy}`]: "upstream_failed",
      });
      expect(columnOf(rows, "error_class")).toMatchObject({
        [`1 ${plain}`]: null,
        [`1 ${unstable}`]: null,
        [`1 ${slow}`]: "TIMEOUT",
        [`1 ${greedy}`]: "OUT_OF_MEMORY",
      });
    });

    it("says for each failure what is wrong and what to change, in the table and on the terminal", () => {
      const messages = columnOf(rows, "error_message");
      expect(messages[`1 ${slow}`]).toMatch(/limit of 20 s .* Raise timeout\.sample in the experiment/);
      expect(messages[`1 ${greedy}`]).toMatch(
        /(limit of 700 MiB.*resources\.sample\.memory)|use fewer chains/,
      );
      expect(messages[`2 ${plain}`]).toMatch(
        /training diverged: .* Lower training\.learning_rate \(now 1000000/,
      );
      for (const row of rows.filter(({ status }) => status !== "ok")) {
        expect(row["error_class"]).toMatch(/^[A-Z_]+$/);
        expect(first.stdout).toContain(row["error_message"]);
        expect(row["host"] === null || typeof row["host"] === "string").toBe(true);
      }
      expect(first.stdout).toContain("4 cells could not run because of it");
      expect(`${first.stdout}${first.stderr}`).not.toMatch(/ at .*\.js:\d+/);
    });

    it("keeps a diverging sampler as data: not converged, with counted divergences, and the reason", () => {
      const row = rows.find((each) => each["sampler_label"] === unstable && each["seed"] === 1);
      expect(row).toMatchObject({ status: "ok", verdict: "not_converged", llc_mean: null });
      expect(Number(row?.["divergences"])).toBeGreaterThan(0);
      expect(row?.["verdict_reasons"]).toMatch(/not finite: .*lower its step size/);
    });

    it("explains every failure, and names the root of those that could not run", async () => {
      const root = String(rows.find((row) => row["seed"] === 2)?.["target_id"]);
      const explain = async (cell: string): Promise<string> =>
        (await runCommand(["explain", cell], { cwd: folder })).stdout;
      expect(await explain(`seed 1 × ${slow}`)).toMatch(/state: timeout[\s\S]*limit of 20 s/);
      expect(await explain(`seed 1 × ${greedy}`)).toMatch(/state: out_of_memory/);
      expect(await explain(root)).toMatch(/state: failed[\s\S]*training diverged/);
      expect(await explain(`seed 2 × ${slow}`)).toContain(`cannot run, because ${root} failed`);
      const logs = await runCommand(["logs", root, "--err"], { cwd: folder });
      expect(logs.stdout).toContain("NUMERICS: training diverged");
    });

    it("tries again only what failed, the next time", async () => {
      const before = contentsOf(folder, ["manifest.json", "meta.json"]);
      const numEvents = eventsIn(folder).length;
      const { code } = await runCommand([...args, "--set", "timeout.sample=1"], { cwd: folder });
      expect(code).toBe(1);
      const started = eventsIn(folder)
        .slice(numEvents)
        .flatMap((event) => (event.kind === "task_started" ? [event.taskId] : []));
      const failed = rows.filter(({ seed, status }) => seed === 1 && status !== "ok");
      const cellIds = failed.map(
        (row) => `${String(row["target_id"])}/${String(row["sampler"])}_${String(row["run_id"])}`,
      );
      const root = String(rows.find((row) => row["seed"] === 2)?.["target_id"]);
      expect(started.toSorted()).toEqual([root, ...cellIds].toSorted());
      expect(contentsOf(folder, ["manifest.json", "meta.json"])).toEqual(before);
      const cached = (await rowsIn(folder)).filter((row) => row["is_cached"] === true);
      expect(cached.map((row) => row["sampler_label"])).toEqual([plain, unstable]);
    }, 120_000);

    it("is tried again whatever its runs took; a new one with runs that are known to be too long is refused", async () => {
      const long = experiment(
        [good],
        ["{ name: hmc, overrides: { draws: 100000000, warmup: 50 } }"],
        "timeout: { sample: 6 }",
      );
      writeFileSync(join(folder, "long.yaml"), long);
      const { code, stderr } = await runCommand(["workflow", "llc", "--config", "long.yaml", "--local"], {
        cwd: folder,
      });
      expect(stderr).toMatch(/long\.yaml: more draws than the time limit allows\n.*hmc.*timeout\.sample/);
      expect(code).toBe(2);
    });

    it("refuses what no machine can do in time without any earlier run, at the line of the sampler", async () => {
      const own = temporaryFolder();
      const sampler = "{ name: hmc, overrides: { draws: 100000000 } }";
      const args = sweepIn(own, experiment([good], [sampler], "timeout: { sample: 2 }"), "--dry-run");
      const { code, stderr } = await runCommand(args, { cwd: own });
      expect(stderr).toMatch(/:\d+:\d+ {2}.*hmc.*at least .* on any machine.*timeout\.sample/);
      expect(code).toBe(2);
    });

    it("begins nothing new after the first failure with --fail-fast, after the n-th with --max-fails", async () => {
      const bad = [2, 3, 4].map((seed) => poisoned.replace("seed: 2", `seed: ${seed}`));
      const text = experiment([...bad, good], [short]);
      const failedBuilds = async (...options: readonly string[]): Promise<number> => {
        const own = temporaryFolder();
        const { code } = await runCommand(sweepIn(own, text, "--slots=1", ...options), { cwd: own });
        expect(code).toBe(1);
        const found = await rowsIn(own);
        expect(found.length).toBe(4);
        return eventsIn(own).filter(({ kind }) => kind === "task_failed").length;
      };
      expect(await failedBuilds("--fail-fast")).toBe(1);
      expect(await failedBuilds("--max-fails=2")).toBe(2);
      expect(await failedBuilds()).toBe(3);
    }, 120_000);

    it("that another process drives is left alone: exit code 3 and the name of that process", async () => {
      const own = temporaryFolder();
      const command = sweepIn(own, experiment([good], [endless]), "--slots=1");
      const driver = startCommand(command, { cwd: own });
      await until("the run has started", () => / run .*: started/.test(driver.output().stderr), 60_000);
      const second = await runCommand(command, { cwd: own });
      expect(second.code).toBe(3);
      expect(second.stderr).toMatch(new RegExp(`error: .*process ${driver.child.pid}`));
      expect(second.stderr).not.toMatch(/\n\s+at /);
      const asJson = await runCommand([...command, "--json"], { cwd: own });
      expect(JSON.parse(asJson.stderr)).toMatchObject({ code: "BUSY" });
      const status = await runCommand(["status"], { cwd: own });
      expect(status.stdout).toContain(`driven by process ${driver.child.pid}`);
      driver.child.kill("SIGINT");
      expect((await driver.ended).code).toBe(130);
    }, 120_000);

    it("that cannot write its store, its table or its logs ends with 3 before it computes anything", async () => {
      for (const [blocked, top, remedy] of [
        ["runs", "", "store_root"],
        ["elsewhere", "store_root: elsewhere/runs", "store_root"],
        ["results", "", "working folder"],
        ["logs", "", "working folder"],
      ] as const) {
        const own = temporaryFolder();
        writeFileSync(join(own, blocked), "a file where a folder should be");
        const { code, stderr } = await runCommand(sweepIn(own, experiment([good], [short], top)), {
          cwd: own,
        });
        expect(code, stderr).toBe(3);
        expect(stderr).toMatch(new RegExp(`error: folder .*${blocked}.* cannot be written\\. .*${remedy}`));
        expect(stderr).not.toMatch(/started|\n\s+at /);
        expect(readFileSync(join(own, blocked), "utf8")).toBe("a file where a folder should be");
      }
    }, 60_000);
  },
);
