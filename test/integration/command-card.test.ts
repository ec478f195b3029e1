/** A sweep on workers that a shell command starts: what sites without SLURM have. */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../src/core/package-root.ts";
import { runCommand } from "../support/command-line.ts";
import { hasRedisServer } from "../support/redis-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const main = join(packageRoot, "dist", "src", "cli", "main.js");
const experiment = `
posterior: { gamma: 100 }
targets: [{ model: small, data: tiny, training: quick, seed: 42..43 }]
samplers: [{ name: hmc, overrides: { draws: 50, warmup: 20 } }]
`;

const run = async (card: string): Promise<{ folder: string; code: number | null; output: string }> => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "experiment.yaml"), experiment);
  writeFileSync(join(folder, "card.yaml"), card);
  const args = ["workflow", "llc", "--config", "experiment.yaml", "--card", "card.yaml"];
  const child = spawn(process.execPath, [main, ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { folder, code, output };
};

/** `card probe` of a card with one more line. */
const probe = async (line: string): Promise<{ code: number | null; output: string }> => {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, "card.yaml"), `type: command\ncommand: bash {script}\n${line}\n`);
  const { code, stdout, stderr } = await runCommand(["card", "probe", "card.yaml"], { cwd });
  return { code, output: `${stdout}${stderr}` };
};

/** Command lines of processes that name a folder. */
const processesIn = (folder: string): readonly string[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8");
      } catch {
        return "";
      }
    })
    .filter((line) => line.includes(folder));

describe.skipIf(!hasRedisServer || !existsSync(main) || process.platform !== "linux")(
  "a card of type command (needs Linux, redis-server and a build)",
  { timeout: 120_000 },
  () => {
    it("starts one block a host, runs the sweep there, and leaves no process", async () => {
      const { folder, code, output } = await run(
        "{ type: command, command: 'AT={host} bash {script}', hosts: [here, there], redis: { interface: 127.0.0.1 } }",
      );
      expect(output).toContain("2 rows, 2 ok");
      expect(code).toBe(0);
      expect(output).toMatch(/block command-1 \(\d+\) submitted: command on here, there/);
      expect(processesIn(folder)).toEqual([]);
    });

    it("probes the way to the Redis of the card where it names one", async () => {
      const server = createServer((socket) => socket.destroy());
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as { port: number };
      const reached = await probe(`redis: { url: "redis://:secret@127.0.0.1:${port}/0" }`);
      await new Promise((resolve) => server.close(resolve));
      expect(reached.output).toMatch(new RegExp(`^redis {5}127\\.0\\.0\\.1:${port} reached`, "m"));
      expect(reached.code).toBe(0);
      const missed = await probe(`redis: { url: "redis://:secret@127.0.0.1:${port}/0" }`);
      expect(missed.output).toMatch(
        /the node cannot reach Redis at 127\.0\.0\.1:\d+ .*Set redis\.url of the card/,
      );
      expect(missed.code).toBe(3);
    });

    it("probes the way to this machine over the interface of the card, and refuses one that is not there", async () => {
      const reached = await probe("redis: { interface: lo }");
      expect(reached.output).toMatch(/^driver {4}127\.0\.0\.1:\d+ reached/m);
      expect(reached.code).toBe(0);
      const refused = await probe("redis: { interface: eht0 }");
      expect(refused.output).toMatch(
        /^error: "eht0" is no network interface and no address of this machine/m,
      );
      expect(refused.code).toBe(2);
    });

    it("shows the output of a command that fails, and stops after three", async () => {
      const { folder, code, output } = await run(
        "{ type: command, command: 'echo no route to host >&2; exit 255 # {script}' }",
      );
      expect(code).toBe(3);
      expect(output).toMatch(/error: card "command": 3 blocks in a row did not start a worker/);
      expect(output).toContain("no route to host");
      expect(processesIn(folder)).toEqual([]);
    });
  },
);
