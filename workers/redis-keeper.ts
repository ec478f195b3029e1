/**
 * Entry point of the process that keeps a private Redis: `redis-keeper.js FOLDER PROGRAM ORPHAN_SECONDS`.
 *
 * Started by `src/queue/redis/connection/private-redis.ts`, detached from the driver.
 */
import { keepRedis } from "../src/queue/redis/connection/keep-redis.ts";

const [dir = "", program = "redis-server", orphanSec = "900"] = process.argv.slice(2);
process.on("SIGINT", () => {}); // Ctrl-C in the terminal is for the driver, which ends the sweep first.
process.exit(await keepRedis({ dir, program, orphanSec: Number(orphanSec) }));
