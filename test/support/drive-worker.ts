/** A worker process for tests that kill it: works for the test sweep in the Redis at the address in its environment. */
import { runRemoteWorker } from "../../src/executors/remote-worker.ts";
import { parseRedisUrl } from "../../src/queue/redis/connection/redis-address.ts";

const {
  TEST_REDIS = "",
  TEST_STORE = "/nowhere",
  TEST_ENDS_IN_SEC,
  TEST_CONNECTION,
  TEST_MAX_AWAY_MS,
} = process.env;
const drain = new AbortController();
process.on("SIGTERM", () => drain.abort("SIGTERM"));
await runRemoteWorker({
  address: parseRedisUrl(TEST_REDIS, "TEST_REDIS"),
  connectionFile: TEST_CONNECTION ?? null,
  sweepId: "swp_0123456789ab",
  slots: 1,
  threads: 1,
  memoryMiB: null,
  serves: null,
  workerInit: "",
  block: "test",
  slurmJob: null,
  node: "test",
  endsAt: TEST_ENDS_IN_SEC === undefined ? null : Date.now() + Number(TEST_ENDS_IN_SEC) * 1000,
  drainBeforeSec: 1,
  idleExitSec: null,
  graceSec: 5,
  gpus: null,
  ...(TEST_MAX_AWAY_MS === undefined ? {} : { maxAwayMs: Number(TEST_MAX_AWAY_MS) }),
  storeRoot: TEST_STORE,
  logsRoot: null,
  resultsIn: () => ({ isDone: () => false, answerLeftBy: undefined }),
  say: (words) => process.stdout.write(`${words}\n`),
  drain: drain.signal,
  kill: new AbortController().signal,
});
