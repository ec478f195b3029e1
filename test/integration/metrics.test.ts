/** `--metrics`: a real sweep is scraped over HTTP while it runs. */
import { createServer } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { closeServer, listenAt } from "../../src/cli/http/listen.ts";
import { hasBuild, runCommand, startCommand, sweepIn } from "../support/command-line.ts";
import { until } from "../support/processes.ts";
import { hasRedisServer } from "../support/redis-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const experiment = `
training: quick
targets: [{ model: tiny, data: tiny, seed: 1..2 }]
samplers: [{ name: hmc, overrides: { draws: 20000, warmup: 200 } }]
`;
/** Value of a line of a scrape; null: there is none. */
const valueOf = (text: string, line: string): number | null => {
  const found = text.split("\n").find((candidate) => candidate.startsWith(`${line} `));
  return found === undefined ? null : Number(found.slice(line.length + 1));
};
const places = [
  { name: "in the driver", options: [], isMissing: false },
  { name: "over Redis (needs redis-server)", options: ["--redis", "private"], isMissing: !hasRedisServer },
];

describe.skipIf(!hasBuild)("--metrics (needs a build)", { timeout: 120_000 }, () => {
  for (const { name, options, isMissing } of places)
    it.skipIf(isMissing)(`serves the state of a running sweep whose queue is ${name}`, async () => {
      const cwd = temporaryFolder();
      const args = sweepIn(cwd, experiment, "--slots", "1", "--metrics", "0", ...options);
      const sweep = startCommand(args, { cwd });
      const urlIn = (text: string): string | undefined => /metrics: (http:\S+)/.exec(text)?.[1];
      await until("the metrics are served", () => urlIn(sweep.output().stderr) !== undefined, 30_000);
      const url = urlIn(sweep.output().stderr) as string;
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
      expect((await fetch(url.replace("/metrics", "/"))).status).toBe(404);
      expect((await fetch(url, { method: "POST" })).status).toBe(405);
      const scrapes: string[] = [];
      const isRunning = (): boolean => sweep.child.exitCode === null;
      for (; isRunning(); await new Promise((resolve) => setTimeout(resolve, 50))) {
        const response = await fetch(url).catch(() => null);
        if (response === null) break; // it has just ended
        expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
        scrapes.push(await response.text());
      }
      expect((await sweep.ended).code).toBe(0);
      const most = (line: string): number => Math.max(...scrapes.map((text) => valueOf(text, line) ?? 0));
      const mostBuilds = most('lambda_hat_tasks{class="build",state="running"}');
      expect(mostBuilds).toBeGreaterThanOrEqual(1);
      // Over Redis a slot takes its next task with the word that it has done the last: for a moment both count.
      expect(mostBuilds).toBeLessThanOrEqual(options.length === 0 ? 1 : 2);
      expect(most('lambda_hat_tasks{class="build",state="done"}')).toBe(2);
      expect(most('lambda_hat_tasks{class="sample",state="running"}')).toBeGreaterThanOrEqual(1);
      expect(most('lambda_hat_worker_slots{state="busy"}')).toBe(1);
      expect(most("lambda_hat_queue_up")).toBe(1);
      expect(most('lambda_hat_task_seconds_count{class="build",outcome="done"}')).toBe(2);
      expect(most("process_resident_memory_bytes")).toBeGreaterThan(0);
    });

  it("a port in use is one message and exit code 3, before anything has run", async () => {
    const other = createServer();
    const { port } = new URL(await listenAt(other, { host: "127.0.0.1", port: 0 }, "test"));
    onTestFinished(() => closeServer(other));
    const cwd = temporaryFolder();
    const ended = await runCommand(sweepIn(cwd, experiment, "--metrics", port), { cwd });
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain(`--metrics 127.0.0.1:${port}: another program listens on this port.`);
    expect(ended.stderr).not.toContain("started");
  });

  it("an address that is none is a wrong command line", async () => {
    const cwd = temporaryFolder();
    const ended = await runCommand(sweepIn(cwd, experiment, "--metrics", "here"), { cwd });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain("expected a port, or an address and a port");
  });
});
