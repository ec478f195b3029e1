/** What explain says of a sweep that nobody drives. */
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { explainCommand } from "../../../../src/cli/commands/explain.ts";
import { resumeCommand } from "../../../../src/cli/commands/resume.ts";
import { writeJsonAtomic } from "../../../../src/core/atomic-write.ts";
import { EventLog } from "../../../../src/queue/event-log.ts";
import { sweepFiles } from "../../../../src/runs/layout.ts";
import { aPlan, aTask } from "../../../support/plans.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

afterEach(() => vi.restoreAllMocks());

it("names the command that goes on with it", async () => {
  const runs = join(temporaryFolder(), "store");
  const plan = aPlan([aTask("a")]);
  const files = sweepFiles(runs, plan.id);
  writeJsonAtomic(files.plan, plan);
  new EventLog(files.events).close();
  const print = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const args = ["a", "--sweep", plan.id, "--store-root", runs];
  await explainCommand().exitOverride().parseAsync(args, { from: "user" });
  const [, command = ""] =
    /nobody drives this sweep now: `(.*)` goes on/.exec(print.mock.calls.join("")) ?? [];
  expect(command).toBe(`lambda-hat resume --sweep ${plan.id} --store-root ${runs}`);
  const words = command.split(" ").slice(2);
  const resume = resumeCommand()
    .exitOverride()
    .action(() => {});
  expect(resume.parse(words, { from: "user" }).opts()).toEqual({ sweep: plan.id, storeRoot: runs });
});
