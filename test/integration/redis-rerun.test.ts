/** A sweep over Redis of which everything is done: nothing is queued, and the table is the same. */
import { describe, expect, it } from "vitest";
import { hasBuild, runCommand, sweepIn } from "../support/command-line.ts";
import { comparableTable } from "../support/comparable-table.ts";
import { hasRedisServer } from "../support/redis-server.ts";
import { contentsOf, eventsIn, promisedFiles } from "../support/sweep-folder.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const experiment = `
training: quick
targets: [{ model: tiny, data: tiny, seed: 1..2 }]
samplers: [{ name: hmc, overrides: { draws: 200, warmup: 100 } }]
`;

describe.skipIf(!hasBuild || !hasRedisServer)(
  "a sweep over Redis that is run again (needs redis-server and a build)",
  { timeout: 120_000 },
  () => {
    it("(d) starts no task, and writes the same table", async () => {
      const cwd = temporaryFolder();
      const args = sweepIn(cwd, experiment, "--slots", "1", "--redis", "private");
      const rows = async (): Promise<readonly unknown[]> =>
        (await comparableTable(cwd)).rows.map((row) => ({ ...row, is_cached: null }));
      expect((await runCommand(args, { cwd })).code).toBe(0);
      const [first, files, numEvents] = [await rows(), contentsOf(cwd, promisedFiles), eventsIn(cwd).length];
      const again = await runCommand(args, { cwd });
      expect([again.code, again.stdout]).toEqual([0, expect.stringContaining("2 rows, 2 ok")]);
      const kinds = eventsIn(cwd)
        .slice(numEvents)
        .map(({ kind }) => kind);
      expect(kinds).toEqual(["plan", ...Array(4).fill("task_skipped"), "sweep_done"]);
      expect(await rows()).toEqual(first);
      expect(contentsOf(cwd, promisedFiles)).toEqual(files);
    });
  },
);
