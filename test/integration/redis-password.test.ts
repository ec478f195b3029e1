/** The password of a Redis of one's own: in no file that others can read, in no output, and in no argument of a child. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startPrivateRedis } from "../../src/queue/redis/connection/private-redis.ts";
import { redisUrlOf } from "../../src/queue/redis/connection/redis-address.ts";
import { hasBuild, type Running, runCommand, startCommand, sweepIn } from "../support/command-line.ts";
import { until } from "../support/processes.ts";
import { hasRedisServer } from "../support/redis-server.ts";
import { eventsIn, filesUnder } from "../support/sweep-folder.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const experiment = `
training: quick
targets: [{ model: quadratic, data: tiny, seed: 1 }]
samplers: [{ name: hmc, overrides: { draws: 60, warmup: 40 } }]
`;
const canRun = process.platform === "linux" && hasRedisServer && hasBuild;

const argumentsOf = (pid: number | string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
};

/** Arguments of all processes that have the text in theirs. */
const argumentsWith = (text: string): readonly string[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(argumentsOf)
    .filter((args) => args.includes(text));

/**
 * Waits for a command and looks again and again who else has the text in its arguments. A child has those of the command until it
 * is a program of its own.
 */
const watched = async ({ child, ended }: Running, secret: string): Promise<readonly string[]> => {
  const found = new Set<string>();
  const own = argumentsOf(child.pid);
  const timer = setInterval(() => {
    for (const args of argumentsWith(secret)) if (args !== own) found.add(args);
  }, 20);
  await ended;
  clearInterval(timer);
  return [...found];
};

describe.skipIf(!canRun)("a Redis with a password (needs Linux, redis-server and a build)", () => {
  const withRedis = async (use: (url: string, secret: string) => Promise<void>): Promise<void> => {
    const options = { interface: null, dataDir: null, connectionFile: null, sweepId: null };
    const server = await startPrivateRedis(options);
    try {
      await use(redisUrlOf(server.address), server.address.password ?? "");
    } finally {
      await server.stop();
    }
  };
  const readableWith = (folder: string, secret: string): readonly string[] =>
    filesUnder(folder).filter((path) => {
      const isOpen = (statSync(join(folder, path)).mode & 0o077) !== 0;
      return isOpen && readFileSync(join(folder, path)).includes(secret);
    });

  it.each([
    ["--redis URL", (url: string) => ({ args: ["--redis", url], env: {} })],
    ["LAMBDA_HAT_REDIS", (url: string) => ({ args: [], env: { LAMBDA_HAT_REDIS: url } })],
  ])(
    "%s: runs and is resumed without showing it",
    async (_, how) => {
      await withRedis(async (url, secret) => {
        const folder = temporaryFolder();
        const { args, env } = how(url);
        const sweep = sweepIn(folder, experiment, "--slots=1", "--backend=wasm", ...args);
        const first = startCommand(sweep, { cwd: folder, env });
        expect(await watched(first, secret)).toEqual([]);
        const ended = await first.ended;
        expect({ code: ended.code, said: ended.stderr.includes(secret) }, ended.stderr).toEqual({
          code: 0,
          said: false,
        });
        expect(ended.stderr).toContain(
          args.length === 0 ? "(from LAMBDA_HAT_REDIS)" : "Redis at redis://127",
        );
        expect(readableWith(folder, secret)).toEqual([]);
        const again = startCommand(["resume"], { cwd: folder }); // without the variable
        expect(await watched(again, secret)).toEqual([]);
        const resumed = await again.ended;
        expect(resumed.code, resumed.stderr).toBe(0);
        expect(resumed.stderr).toMatch(/--redis \S*redis\.url[\s\S]*Redis at redis:\/\/127/);
        expect(`${resumed.stdout}${resumed.stderr}`).not.toContain(secret);
      });
    },
    120_000,
  );

  it("--detach starts a driver that has it neither in its arguments nor in its output", async () => {
    await withRedis(async (url, secret) => {
      const folder = temporaryFolder();
      const detach = startCommand(
        sweepIn(folder, experiment, "--slots=1", "--backend=wasm", `--redis=${url}`, "--detach"),
        { cwd: folder },
      );
      expect(await watched(detach, secret)).toEqual([]);
      const { code, stdout, stderr } = await detach.ended;
      expect(code, stderr).toBe(0);
      expect(`${stdout}${stderr}`).not.toContain(secret);
      const isOver = (): boolean => eventsIn(folder).some(({ kind }) => kind === "sweep_done");
      await until("the sweep is over", isOver, 60_000);
      expect(argumentsWith(secret)).toEqual([]);
      const [sweep = ""] = readdirSync(join(folder, "runs", "sweeps"));
      const lock = join(folder, "runs", "sweeps", sweep, "lock.json");
      await until("its driver has ended", () => !existsSync(lock));
      expect(readableWith(folder, secret)).toEqual([]);
    });
  }, 120_000);

  it("a wrong --set shows the address without it", async () => {
    const args = sweepIn(
      temporaryFolder(),
      experiment,
      "--set",
      "card.redis.uri=redis://:secret@h",
      "--dry-run",
    );
    const { code, stderr } = await runCommand(args, { cwd: temporaryFolder() });
    expect(code).toBe(2);
    expect(stderr).not.toContain("secret");
  });
});
