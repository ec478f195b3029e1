/** Sweeps over `rediss://`: a Redis that speaks TLS with a certificate of its own authority. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectRedis } from "../../src/queue/redis/connection/connect-redis.ts";
import { parseRedisUrl } from "../../src/queue/redis/connection/redis-address.ts";
import { hasBuild, runCommand, startCommand, sweepIn } from "../support/command-line.ts";
import { until } from "../support/processes.ts";
import { startTlsRedis, type TlsRedis, tlsUrlOf, whyNoTls } from "../support/redis-tls.ts";
import { eventsIn } from "../support/sweep-folder.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const experiment = `
training: quick
targets: [{ model: tiny, data: tiny, seed: 1..3 }]
samplers: [{ name: hmc, overrides: { draws: 20000, warmup: 100 } }]
`;
const reason = whyNoTls ?? (hasBuild ? null : "there is no build");
const name = `a Redis with TLS${reason === null ? "" : ` (skipped: ${reason})`}`;

describe.skipIf(reason !== null)(name, { timeout: 120_000 }, () => {
  let redis: TlsRedis;
  beforeAll(async () => {
    redis = await startTlsRedis(false);
  });
  afterAll(() => redis?.stop());

  it("carries a sweep, whose workers learn from the connection file whom to trust", async () => {
    const cwd = temporaryFolder();
    const url = tlsUrlOf(redis, { ca: redis.ca });
    const sweep = startCommand(sweepIn(cwd, experiment, "--slots", "1", "--redis", url), { cwd });
    const fileIn = (text: string): string | undefined => /--connection (\S+)/.exec(text)?.[1];
    await until("workers are invited", () => fileIn(sweep.output().stderr) !== undefined, 60_000);
    const connection = fileIn(sweep.output().stderr) as string;
    const worker = await runCommand(["worker", "--connection", connection, "--slots", "1"], { cwd });
    const ended = await sweep.ended;
    expect([ended.code, worker.code], `${ended.stderr}\n${worker.stderr}`).toEqual([0, 0]);
    expect(ended.stdout).toContain("3 rows, 3 ok");
    expect(ended.stderr).toContain(`Redis at rediss://127.0.0.1:${redis.port};`);
    const said = `${ended.stdout}${ended.stderr}${worker.stdout}${worker.stderr}`;
    const kept = [readFileSync(join(cwd, "experiment.yaml"), "utf8"), JSON.stringify(eventsIn(cwd))].join("");
    for (const text of [said, kept]) expect(text).not.toMatch(/p@ss|p%40ss/);
  });

  it("is refused with one message if nobody vouches for it", async () => {
    const cwd = temporaryFolder();
    const ended = await runCommand(sweepIn(cwd, experiment, "--redis", tlsUrlOf(redis, {})), { cwd });
    expect(ended.code).toBe(3);
    expect(ended.stderr).toMatch(
      /^error: Redis at rediss:\/\/127\.0\.0\.1:\d+ is not trusted: .*certificate.*rediss:\/\/…\?ca=file\.pem/m,
    );
    expect(ended.stderr).not.toMatch(/p@ss|p%40ss/);
  });

  it("is refused with one message if a file is missing, and if it is spoken to without TLS", async () => {
    const connect = (url: string): Promise<unknown> =>
      connectRedis(parseRedisUrl(url, "test"), { requireAuthentication: true });
    await expect(connect(tlsUrlOf(redis, { ca: "/nowhere/ca.pem" }))).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining("the ca of the Redis address, /nowhere/ca.pem, cannot be read"),
    });
    const plain = `redis://:${encodeURIComponent(redis.password)}@127.0.0.1:${redis.port}`;
    await expect(connect(plain)).rejects.toMatchObject({
      code: "ENVIRONMENT",
      message: expect.stringContaining("cannot be reached"),
    });
  });

  it("may ask for a certificate of its clients", async () => {
    const strict = await startTlsRedis(true);
    try {
      const connect = async (files: Readonly<Record<string, string>>): Promise<void> =>
        (
          await connectRedis(parseRedisUrl(tlsUrlOf(strict, files), "test"), { requireAuthentication: true })
        ).disconnect();
      const { ca, key } = strict;
      await connect({ ca, cert: ca, key });
      await expect(connect({ ca })).rejects.toMatchObject({
        code: "ENVIRONMENT",
        message: expect.stringContaining("cert and key"),
      });
    } finally {
      await strict.stop();
    }
  });
});
