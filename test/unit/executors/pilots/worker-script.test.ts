/** Laws of the script around a worker, run by a real bash with a worker that is a shell script. */
import { spawn } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type ExitReport,
  formatWorkerPart,
  parseExitReport,
  quoteWord,
} from "../../../../src/executors/pilots/worker-script.ts";
import { aBlockScript, aCommandCard } from "../../../support/pilot-cards.ts";
import { until } from "../../../support/processes.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

interface Ran {
  readonly report: ExitReport | null;
  readonly code: number | null;
  readonly output: string;
  /** What the worker was called with. */
  readonly called: string;
}

/** Runs the script with `worker` (shell text) as Node.js; `signal` once the worker is up. */
const run = async (lines: string, worker: string, signal?: NodeJS.Signals): Promise<Ran> => {
  const folder = temporaryFolder();
  const at = (name: string): string => join(folder, name);
  const node = at("no de");
  writeFileSync(node, `#!/bin/bash\necho "$@" >${at("called")}\n${worker}\n`);
  chmodSync(node, 0o755);
  const card = aCommandCard(`command: bash {script}\n${lines}`);
  const base = aBlockScript({ exitPath: at("end of it"), name: "command-1" });
  const block = { ...base, program: { ...base.program, node } };
  const text = formatWorkerPart(card, block, { prefix: "", forward: 'kill -USR1 "$worker"' });
  const child = spawn("bash", ["-c", text], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (chunk) => (output += String(chunk)));
  child.stderr.on("data", (chunk) => (output += String(chunk)));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  if (signal !== undefined) {
    await until("the worker is up", () => existsSync(at("up")));
    child.kill(signal);
  }
  const code = await ended;
  const read = (path: string): string => (existsSync(path) ? readFileSync(path, "utf8") : "");
  return { report: parseExitReport(read(at("end of it"))), code, output, called: read(at("called")) };
};

const drains = `trap 'echo drained; exit 0' USR1; touch "$(dirname "$0")/up"; while :; do sleep 0.05; done`;

describe("formatWorkerPart", () => {
  it("reports the worker's exit code", async () => {
    const { report, code } = await run("", "exit 3");
    expect(report).toMatchObject({ code: 3, phase: "worker", asked: null });
    expect(code).toBe(3);
  });

  it("calls the worker with what the card says", async () => {
    const { called } = await run(
      "walltime: 10\nserves: sample\ncores_per_worker: 2\nworkers_per_node: 3",
      "",
    );
    const endsAt = Number(/--ends-at (\d+)/.exec(called)?.[1]);
    expect(endsAt - Date.now() / 1000).toBeGreaterThan(500);
    expect(endsAt - Date.now() / 1000).toBeLessThan(601);
    expect(called.replace(/--ends-at \d+/, "--ends-at T")).toBe(
      "/opt/lambda-hat/dist/src/cli/main.js worker --connection /shared/runs/sweeps/swp_0123456789ab/redis.json --sweep swp_0123456789ab --block command-1 --slots 3 --threads 2 --serves sample --ends-at T --drain-before 120 --grace 30 --idle-exit 720\n",
    );
  });

  it("passes TERM and USR1 on as the request to drain, and waits for the worker", async () => {
    for (const [signal, asked] of [
      ["SIGTERM", "TERM"],
      ["SIGUSR1", "USR1"],
    ] as const) {
      const { report, output } = await run("", drains, signal);
      expect(output).toContain("drained");
      expect(report).toMatchObject({ code: 0, phase: "worker", asked });
    }
  });

  it("reports a worker_init whose last command failed, and one that ended the shell", async () => {
    const failed = await run("worker_init: |\n  echo trying\n  false", "");
    expect(failed.report).toMatchObject({ code: 97, phase: "worker_init" });
    expect(failed.output).toMatch(/trying\n.*worker_init failed with exit code 1/);
    expect(failed.called).toBe("");
    const strict = await run("worker_init: |\n  set -e\n  ls /nonexistent\n  echo never", "");
    expect(strict.report).toMatchObject({ code: 2, phase: "worker_init" });
    const left = await run("worker_init: exit 5", "");
    expect(left.report).toMatchObject({ code: 5, phase: "worker_init" });
  });

  it("gives the worker the environment of the card and of worker_init", async () => {
    const { output } = await run(
      "env: { A: \"it's $HOME\" }\nworker_init: 'set -eu; export B=2'",
      'echo "A=$A B=$B"',
    );
    expect(output).toContain("A=it's $HOME B=2");
  });
});

describe("parseExitReport", () => {
  it("is null for what the script does not write", () => {
    for (const text of ["", "x", "0 worker", "0 worker n1 KILL", "0 other n1 \n"])
      expect(parseExitReport(text)).toBeNull();
    expect(parseExitReport("0 worker n1 \n")).toEqual({ code: 0, phase: "worker", node: "n1", asked: null });
  });
});

describe("quoteWord", () => {
  it("leaves plain words and quotes the rest", () => {
    expect([quoteWord("/a/b.c"), quoteWord("it's"), quoteWord("")]).toEqual(["/a/b.c", "'it'\\''s'", "''"]);
  });
});
