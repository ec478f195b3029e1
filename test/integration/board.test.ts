/** `board`: bull-board over the queues of a real sweep, which it must leave as they are. */
import { createServer } from "node:http";
import type { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { closeServer, listenAt } from "../../src/cli/http/listen.ts";
import { systemClock } from "../../src/core/clock.ts";
import { RedisBroker } from "../../src/queue/redis/redis-broker.ts";
import { defaultRetryPolicy } from "../../src/queue/retry-policy.ts";
import { hasBuild, type Running, runCommand, startCommand } from "../support/command-line.ts";
import { aPlan, aTask } from "../support/plans.ts";
import { until } from "../support/processes.ts";
import { hasRedisServer, startRedis, type TestRedis } from "../support/redis-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const submit = { retryPolicy: defaultRetryPolicy, maxFailures: null, expectedSec: new Map() };
const plan = aPlan([aTask("a"), aTask("b"), aTask("c"), aTask("d", { needs: ["a"] })]);

interface BoardQueue {
  readonly name: string;
  readonly readOnlyMode: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly jobs: readonly { readonly id: string; readonly name: string }[];
}

describe.skipIf(!hasBuild || !hasRedisServer)(
  "board (needs a build and redis-server)",
  { timeout: 60_000 },
  () => {
    let redis: TestRedis;
    let broker: RedisBroker;
    let client: Redis;
    beforeAll(async () => {
      redis = await startRedis();
      client = redis.connect();
      broker = new RedisBroker({ client, clock: systemClock });
      await broker.submit(plan, submit);
      await broker.lease({ worker: "w", serves: null, remainingSec: null });
      // Facts wait a moment for each other before they are told: that the sweep is open, and that a task has started.
      const [facts = ""] = await client.keys("*:facts");
      await vi.waitFor(async () => expect(await client.xlen(facts)).toBeGreaterThanOrEqual(2));
    });
    afterAll(async () => {
      await broker.close();
      await redis.stop();
    });

    const startBoard = async (...options: readonly string[]): Promise<{ board: Running; url: string }> => {
      const args = ["board", "--redis", `unix://${redis.socket}`, "--port", "0", ...options];
      const board = startCommand(args, { cwd: temporaryFolder() });
      onTestFinished(() => void board.child.kill("SIGKILL"));
      await until("the board is served", () => board.output().stdout !== "", 30_000);
      const url = /^(http:\/\/127\.0\.0\.1:\d+) {2}\(/.exec(board.output().stdout)?.[1] as string;
      return { board, url };
    };
    const queuesAt = async (url: string): Promise<readonly BoardQueue[]> => {
      const name = encodeURIComponent(`${plan.id}.noop.any`);
      const response = await fetch(
        `${url}/api/queues?activeQueue=${name}&status=prioritized&page=1&jobsPerPage=10`,
      );
      return ((await response.json()) as { queues: readonly BoardQueue[] }).queues;
    };
    /** Every key with what it holds, except locks, which pass, and what queues of BullMQ say of themselves, at any time. */
    const contents = async (): Promise<Readonly<Record<string, string>>> => {
      for (const key of await client.keys("*:meta")) await client.hdel(key, "version", "opts.maxLenEvents");
      const keys = (await client.keys("*")).filter((key) => !key.endsWith(":lock")).sort();
      const values = await Promise.all(
        keys.map(async (key) => (await client.dumpBuffer(key))?.toString("hex")),
      );
      return Object.fromEntries(keys.map((key, index) => [key, values[index] ?? ""]));
    };

    it("shows the jobs of a running sweep on loopback, and ends on a signal", async () => {
      const { board, url } = await startBoard();
      expect(await (await fetch(url)).text()).toContain("lambda-hat");
      const [queue] = await queuesAt(url);
      expect(queue).toMatchObject({ name: `${plan.id}.noop.any`, readOnlyMode: true });
      expect(queue?.counts).toMatchObject({ active: 1, prioritized: 2 });
      expect(queue?.jobs.map(({ name }) => name)).toEqual(["noop", "noop"]);
      board.child.kill("SIGINT");
      expect(await board.ended).toMatchObject({ code: 0, stderr: "" });
    });

    it("changes nothing, whatever it is asked", async () => {
      const before = await contents();
      const { url } = await startBoard();
      const [queue] = await queuesAt(url);
      const at = `${url}/api/queues/${encodeURIComponent(queue?.name ?? "")}`;
      const [job] = queue?.jobs ?? [];
      const answers = await Promise.all(
        [
          `${at}/pause`,
          `${at}/empty`,
          `${at}/obliterate`,
          `${at}/${job?.id}/clean`,
          `${at}/${job?.id}/promote`,
        ].map(async (path) => (await fetch(path, { method: "PUT" })).status),
      );
      expect(answers.every((status) => status === 405 || status === 403)).toBe(true);
      expect(await contents()).toEqual(before);
    });

    it("says what to install where bull-board is not, with exit code 3", async () => {
      const hide = `export async function resolve(name, context, next) {
      if (name.startsWith("@bull-board/")) throw Object.assign(new Error("hidden"), { code: "ERR_MODULE_NOT_FOUND" });
      return next(name, context);
    }`;
      const hook = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;
      const register = hook(
        `import { register } from "node:module"; register(${JSON.stringify(hook(hide))});`,
      );
      const args = ["board", "--redis", `unix://${redis.socket}`];
      const ended = await runCommand(args, {
        cwd: temporaryFolder(),
        env: { NODE_OPTIONS: `--import ${register}` },
      });
      expect(ended.code).toBe(3);
      expect(ended.stderr).toContain("npm install --no-save @bull-board/api@9 @bull-board/express@9");
      expect(ended.stderr.split("\n").filter((line) => line.startsWith("error:"))).toHaveLength(1);
    });

    it("says in one message that its port is in use or its Redis is not there", async () => {
      const other = createServer();
      const { port } = new URL(await listenAt(other, { host: "127.0.0.1", port: 0 }, "test"));
      onTestFinished(() => closeServer(other));
      const cwd = temporaryFolder();
      const busy = await runCommand(["board", "--redis", `unix://${redis.socket}`, "--port", port], { cwd });
      expect(busy).toMatchObject({ code: 3, stdout: "" });
      expect(busy.stderr).toContain(`--port 127.0.0.1:${port}: another program listens on this port.`);
      const gone = await runCommand(["board", "--redis", "unix:///nowhere/s"], { cwd });
      expect(gone.code).toBe(3);
      expect(gone.stderr).toContain("Redis at unix:///nowhere/s cannot be reached");
    });
  },
);
