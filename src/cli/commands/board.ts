/** `lambda-hat board`: the jobs of sweeps in a Redis in a browser, by bull-board, for looking only. */
import { createServer } from "node:http";
import { Command, InvalidArgumentError } from "commander";
import { SweepError } from "../../core/errors.ts";
import { connectRedis } from "../../queue/redis/connection/connect-redis.ts";
import {
  formatRedisAddress,
  redisVariable,
  resolveRedisAddress,
} from "../../queue/redis/connection/redis-address.ts";
import { SweepQueues } from "../../queue/redis/sweep-queues.ts";
import { closeServer, listenAt } from "../http/listen.ts";
import { openBoard } from "../http/open-board.ts";
import { printLine, printNote } from "../output/print.ts";
import { onSignals } from "../sweep/stop-signals.ts";

interface BoardOptions {
  readonly redis: string | null;
  readonly sweep: string | null;
  readonly port: number;
}

/** Sweeps that have begun or ended are looked for so often. */
const lookEveryMs = 3000;

const asText = (text: string): string => text;

const parsePort = (text: string): number => {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new InvalidArgumentError("expected a port from 1 to 65535, or 0 for any that is free.");
  return port;
};

export const boardCommand = (): Command =>
  new Command("board")
    .description("show the jobs of running sweeps in a browser, by bull-board (read only, on loopback)")
    .option(
      "--redis <url>",
      `redis://, rediss:// or unix:// address, or a file that names one (default: ${redisVariable})`,
      asText,
      null,
    )
    .option("--sweep <id>", "one sweep (default: the one in the connection file, or all)", asText, null)
    .option("--port <port>", "port on 127.0.0.1; 0 takes one that is free", parsePort, 3000)
    .action(showBoard);

/** Serves until a signal. @throws SweepError `USAGE`, `NOT_FOUND`, `ENVIRONMENT`. */
const showBoard = async ({ redis, sweep, port }: BoardOptions): Promise<void> => {
  const found = resolveRedisAddress({ redis, connection: null, env: process.env });
  if (found === null)
    throw new SweepError("USAGE", `where is Redis? Expected --redis URL or ${redisVariable}.`);
  const board = await openBoard();
  const client = await connectRedis(found.address, { requireAuthentication: false, onOutage: printNote });
  const queues = new SweepQueues(client);
  const server = createServer(board.handle);
  const signals = onSignals(() => {});
  const look = async (): Promise<void> => board.show(await queues.find(sweep ?? found.sweepId));
  const timer = setInterval(() => void look().catch(() => {}), lookEveryMs);
  try {
    await look();
    const url = await listenAt(server, { host: "127.0.0.1", port }, "--port");
    printLine(`${url}  (sweeps in ${formatRedisAddress(found.address)}; read only; Ctrl-C ends it)`);
    await new Promise<void>((resolve) => {
      if (signals.stop.aborted) resolve();
      signals.stop.addEventListener("abort", () => resolve());
    });
  } finally {
    clearInterval(timer);
    signals.close();
    if (server.listening) await closeServer(server);
    client.disconnect();
  }
};
