/** Every command once over the real command line, on one small sweep: what it prints, where, and its exit code. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageVersion } from "../../src/core/package-root.ts";
import { type Ended, hasBuild, runCommand, startCommand, sweepIn } from "../support/command-line.ts";
import { until } from "../support/processes.ts";
import { contentsOf, eventsIn, promisedFiles } from "../support/sweep-folder.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const experiment = `
training: quick
targets:
  - { model: tiny, data: tiny, seed: 1 }
  - { model: quadratic, data: tiny, seed: 1 }
samplers:
  - { name: hmc, overrides: { draws: 200, warmup: 100 } }
  - { name: sgld, overrides: { steps: 4000, batch_size: 16, eval_every: 10 } }
`;

describe.skipIf(!hasBuild)("the command line (needs a build)", () => {
  const folder = mkdtempSync(join(tmpdir(), "lambda-hat-test-"));
  const args = sweepIn(folder, experiment);
  const config = ["--config", "experiment.yaml"];
  let swept: Ended;

  const run = (...words: readonly string[]): Promise<Ended> => runCommand(words, { cwd: folder });
  /** Standard output of a command that must succeed without a word on standard error. */
  const print = async (...words: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(...words);
    expect({ code, stderr }, words.join(" ")).toEqual({ code: 0, stderr: "" });
    return stdout;
  };
  const json = async (...words: readonly string[]): Promise<unknown> => JSON.parse(await print(...words));

  beforeAll(async () => {
    swept = await run(...args);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("a sweep prints its progress to standard error and its table to standard output", async () => {
    expect(swept.code, swept.stderr).toBe(0);
    expect(swept.stderr).toMatch(/^2 targets × 2 samplers = 4 cells: 2 to build, 4 to run/);
    expect(swept.stderr).toMatch(/\[6\/6\] .*done in/);
    expect(swept.stdout).toContain("4 rows, 4 ok: results/llc_runs.parquet");
  });

  it("a finished sweep has nothing to do, and --dry-run says so without touching anything", async () => {
    const before = eventsIn(folder).length;
    expect(await print(...args, "--dry-run")).toMatch(/skip: done[\s\S]*nothing to do/);
    expect(await json(...args, "--dry-run", "--json")).toMatchObject({
      counts: { toBuild: 0, toRun: 0, skipped: 6 },
    });
    expect(eventsIn(folder).length).toBe(before);
    const again = await run(...args);
    expect(again).toMatchObject({ code: 0 });
    expect(again.stderr).toContain("nothing to do");
  });

  it("--json prints one event a line and nothing else", async () => {
    const { code, stdout, stderr } = await run(...args, "--json");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const kinds = stdout
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { kind: string }).kind);
    expect(kinds).toEqual(["plan", ...Array.from({ length: 6 }, () => "task_skipped"), "sweep_done"]);
  });

  it("--no-skip does finished work again, to the same bytes", async () => {
    const before = contentsOf(folder, promisedFiles);
    const manifests = contentsOf(folder, ["manifest.json", "meta.json"]);
    expect(await run(...args, "--no-skip")).toMatchObject({ code: 0 });
    expect(contentsOf(folder, promisedFiles)).toEqual(before);
    for (const [path, bytes] of contentsOf(folder, ["manifest.json", "meta.json"]))
      expect(manifests.get(path)?.equals(bytes), path).toBe(false);
    expect(await print("logs", "tiny × hmc")).toMatch(/: attempt 1 on [\s\S]*: attempt 2 on /);
  }, 60_000);

  it("a run that wall_sec ends in warmup is done, without draws, and says why", async () => {
    const own = temporaryFolder();
    const text = `
sampling: { until: { wall_sec: 0.5 } }
targets: [{ model: quadratic, data: tiny, seed: 1 }]
samplers: [{ name: hmc, overrides: { warmup: 100000000 } }]
`;
    const { code, stderr } = await runCommand(sweepIn(own, text), { cwd: own });
    expect(code, stderr).toBe(0);
    const { stdout } = await runCommand(["results", "--json"], { cwd: own });
    expect(JSON.parse(stdout)).toMatchObject([{ verdict: "no_draws", stop_reason: "wall_sec in warmup" }]);
    const diagnosed = await runCommand(["diagnose"], { cwd: own });
    expect(diagnosed.stdout).toContain("sampling.until.wall_sec ended it in warmup");
  });

  it("a target that was damaged fails its runs once, and is built again by the next sweep", async () => {
    const own = temporaryFolder();
    const sampler = "samplers: [{ name: hmc, overrides: { draws: DRAWS, warmup: 50 } }]";
    const sweep = (draws: number) =>
      runCommand(
        sweepIn(
          own,
          `training: quick\ntargets: [{ model: tiny, data: tiny, seed: 1 }]\n${sampler.replace("DRAWS", `${draws}`)}\n`,
        ),
        { cwd: own },
      );
    expect(await sweep(20)).toMatchObject({ code: 0 });
    const [[data, bytes]] = [...contentsOf(own, ["data.npz"])] as [[string, Buffer]];
    const damaged = Buffer.from(bytes);
    damaged.writeUInt8(damaged.readUInt8(200) ^ 1, 200);
    writeFileSync(join(own, data), damaged);
    const failed = await sweep(30);
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/data\.npz is not the file that was written \(SHA-256\)\. Run the same/);
    const again = await sweep(30);
    expect(again, again.stderr).toMatchObject({ code: 0 });
    expect(again.stderr).toContain("1 to build, 1 to run");
    expect(contentsOf(own, ["data.npz"]).get(data)?.equals(bytes)).toBe(true);
  }, 120_000);

  it("build and sample do the part that is asked for", async () => {
    const other = ["--set", "targets.0.seed=7", ...config];
    expect(await print("build", "tiny", ...other, "--dry-run")).toMatch(
      /tiny\/tiny seed 7 .*tgt_\w+ .*build[\s\S]*\n1 target: 1 to build, 0 done already\n/,
    );
    const built = await run("build", "tiny", ...other);
    expect(built).toMatchObject({ code: 0, stdout: "" });
    expect(built.stderr).toMatch(/^1 target: 1 to build, 0 done already\n/);
    const ignored = await run("build", "tiny", ...other, "--backend=reference");
    expect(ignored).toMatchObject({ code: 2, stderr: expect.stringContaining("--backend") });
    const sampled = await run("sample", "tiny × hmc", ...other);
    expect(sampled).toMatchObject({ code: 0 });
    expect(sampled.stderr).toMatch(/1 targets × 1 samplers = 1 cells: 0 to build, 1 to run, 1 tasks done/);
    expect(sampled.stdout).toContain("1 of 4 rows, 1 ok");
    expect(await run("sample", "nothing", ...config)).toMatchObject({ code: 2 });
    expect(await run(...args)).toMatchObject({ code: 0 }); // its table and its sweep are the newest again
  }, 60_000);

  it("--require-converged ends with 4 unless every run has converged", async () => {
    const short = ["--set", "samplers.0.overrides.draws=10", "--set", "samplers.1.overrides.steps=100"];
    expect(await run("sample", "tiny", ...config, ...short, "--require-converged")).toMatchObject({
      code: 4,
    });
    expect(await run(...args)).toMatchObject({ code: 0 });
  }, 60_000);

  it("status shows the matrix of the newest sweep", async () => {
    expect(await print("status")).toMatch(
      /tiny\/tiny seed 1 += +(= \d\.\d+ +){2}[\s\S]*6\/6 tasks[\s\S]*not running/,
    );
    expect(await json("status", "--json")).toMatchObject({
      driver: null,
      counts: { total: 6, finished: 6, failed: 0 },
    });
    expect(await run("status", "--sweep", "swp_nothing")).toMatchObject({ code: 2 });
  });

  it("explain, logs and diagnose know a cell by its names", async () => {
    expect(await print("explain", "tiny × hmc")).toMatch(
      /state: (done|skipped)\n +result on disk: attempt \d/,
    );
    expect(await print("logs", "tiny × hmc")).toMatch(
      /^==> .*_hmc_\w+\.log <==\n\S+Z .*: attempt 1 on \S+, process \d+\n[\s\S]*Z done\n$/,
    );
    expect(await print("diagnose", "quadratic × hmc")).toMatch(/^quadratic.*: λ̂ = [\d.]+ ± /);
    const before = contentsOf(folder, ["analysis.json"]);
    expect((await print("diagnose", "--json")).trimEnd().split("\n").length).toBe(4);
    expect(contentsOf(folder, ["analysis.json"])).toEqual(before);
    for (const command of ["explain", "logs"]) {
      const { code, stderr } = await run(command, "hmc");
      expect({ code, stderr }).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/"hmc" matches 2 tasks/),
      });
    }
  });

  it("logs -f goes on until it is interrupted", async () => {
    const following = startCommand(["logs", "tiny × hmc", "--follow"], { cwd: folder });
    await until("the log is there", () => following.output().stdout.includes("==>"));
    following.child.kill("SIGINT");
    await following.ended;
  });

  it("results filters, and prints text, CSV and JSON", async () => {
    expect(await print("results")).toContain("4 of 4 rows: results/llc_runs.parquet");
    expect(await print("results", "--where", "sampler == 'hmc' and status == 'ok'")).toContain("2 of 4 rows");
    const csv = (await print("results", "--csv", "--where", "model == 'tiny'")).split("\n");
    expect(csv[0]).toMatch(/^experiment,.*config_yaml/);
    const rows = (await json("results", "--json")) as Record<string, unknown>[];
    expect(rows.map((row) => row["status"])).toEqual(["ok", "ok", "ok", "ok"]);
    expect(rows.every((row) => row["llc_true"] === null || row["model"] === "quadratic")).toBe(true);
    expect(await print("results", "--all")).toContain("rows: all experiments");
    expect(await run("results", "--csv", "--json")).toMatchObject({ code: 2 });
    expect(await run("results", "--where", "nonsense == 1")).toMatchObject({ code: 2 });
    expect(await run("results", "--file", "experiment.yaml")).toMatchObject({ code: 2 });
  });

  it("summarize reads the draws of a trace to full precision", async () => {
    const [trace = ""] = contentsOf(folder, ["trace.nc"]).keys();
    expect(await print("summarize", trace)).toMatch(/llc .*│/);
    const rows = (await json("summarize", trace, "--json")) as { name: string; r_hat: number }[];
    expect(rows.map(({ name }) => name)).toContain("llc");
    writeFileSync(join(folder, "draws.csv"), "no draws");
    expect((await run("summarize", "draws.csv")).code).toBe(2);
    expect((await run("summarize", "nothing.nc")).code).toBe(2);
  });

  it("exact-llc gives λ and the multiplicity", async () => {
    expect(await print("exact-llc", "--widths", "5,3,5", "--rank", "2")).toContain("λ = 9.5, multiplicity 2");
    expect(await json("exact-llc", "--widths", "2,2,2", "--rank", "2", "--json")).toMatchObject({
      lambda: 2,
      multiplicity: 1,
    });
    expect(await run("exact-llc", "--widths", "5,3,5", "--rank", "4")).toMatchObject({ code: 2 });
    expect(await run("exact-llc", "--widths", "5", "--rank", "0")).toMatchObject({ code: 2 });
  });

  it("backends says what computes here", async () => {
    expect(await print("backends")).toMatch(/✓ wasm /);
    expect(await json("backends", "--json")).toContainEqual(
      expect.objectContaining({ name: "reference", is_usable: true }),
    );
  }, 60_000);

  it("without a C compiler, a sweep computes in wasm after one warning that names the cause, and refuses native", async () => {
    const env = { CC: "no-such-compiler", LAMBDA_HAT_CACHE: join(folder, "empty") };
    const again = [...args, "--no-skip", "--set", "targets=[{ model: tiny, data: tiny, seed: 3 }]"];
    const { code, stderr } = await runCommand(again, { cwd: folder, env });
    expect(code, stderr).toBe(0);
    expect(stderr.match(/^warning: .*/gm)).toEqual([
      expect.stringMatching(/using backend wasm.*no-such-compiler/),
    ]);
    const refused = await runCommand([...again, "--backend", "native"], { cwd: folder, env });
    expect(refused).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/error: .*no-such-compiler.* Install one/),
    });
  }, 60_000);

  it("config checks, shows and describes; presets lists", async () => {
    expect(await print("config", "check", "experiment.yaml")).toContain("2 targets x 2 samplers = 4 cells");
    const shown = await print("config", "show", "experiment.yaml");
    writeFileSync(join(folder, "shown.yaml"), shown);
    const ids = async (file: string): Promise<unknown> =>
      (
        (await json("workflow", "llc", "--config", file, "--dry-run", "--json")) as {
          cells: { task_id: string }[];
        }
      ).cells.map(({ task_id }) => task_id);
    expect(await ids("shown.yaml")).toEqual(await ids("experiment.yaml"));
    expect(await json("config", "schema")).toMatchObject({ type: "object" });
    expect(await print("presets", "ls", "--kind", "data")).toContain("heavy_tail");
  });

  it("mistakes end with 2 and one message: no stack, and what to do", async () => {
    writeFileSync(
      join(folder, "bad.yaml"),
      "targets:\n  - { model: tiny, data: tiny, sed: 1 }\nsamplers: []\n",
    );
    const mistakes: readonly (readonly [readonly string[], RegExp])[] = [
      [["nonsense"], /unknown command/],
      [["workflow", "llc", "--nonsense"], /unknown option/],
      [["workflow", "llc", ...config], /where should it run\? Expected --local/],
      [["workflow", "llc", "--config", "nothing.yaml", "--local"], /nothing\.yaml does not exist/],
      [
        ["workflow", "llc", ...config, "--card", "nothing"],
        /card "nothing" not found\. Known cards: .*local/,
      ],
      [["workflow", "llc", ...config, "--local", "--set", "nonsense=1"], /nonsense/],
      [["workflow", "llc", ...config, "--local", "--fail-fast", "--max-fails", "2"], /give one/],
      [["workflow", "llc", ...config, "--local", "--backend", "abacus"], /abacus/],
      [["workflow", "llc", ...config, "--local", "--slots", "0"], /integer/],
      [["config", "check", "bad.yaml"], /bad\.yaml:2:\d+ .*"?sed"?/],
    ];
    for (const [words, message] of mistakes) {
      const { code, stdout, stderr } = await run(...words);
      expect({ code, stdout }, words.join(" ")).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(message);
      expect(stderr).not.toMatch(/\n\s+at /);
    }
    const { code, stderr } = await run("config", "check", "bad.yaml", "--json");
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ code: "CONFIG_INVALID" });
  }, 60_000);

  it("prints help and its version with exit code 0, and ends quietly when nobody reads", async () => {
    expect(await print("--help")).toMatch(/^Usage: lambda-hat/);
    expect(await print("workflow", "llc", "--help")).toContain("--dry-run");
    expect(await print("--version")).toBe(`${packageVersion}\n`);
    const unread = startCommand(["results", "--csv"], { cwd: folder });
    unread.child.stdout?.destroy();
    expect(await unread.ended).toMatchObject({ code: 0, stderr: "" });
  });
});
