/** Laws of blocks as commands that an earlier driver has left behind, with real processes. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { identityOf } from "../../../../src/core/process-identity.ts";
import type { NamedBlock, SubmitOutcome } from "../../../../src/executors/pilots/allocator.ts";
import type { BlockCommand } from "../../../../src/executors/pilots/block.ts";
import { CommandAllocator } from "../../../../src/executors/pilots/command-allocator.ts";
import { aBlockScript, aCommandCard } from "../../../support/pilot-cards.ts";
import { isRunning, until } from "../../../support/processes.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

/** One host, on which a block sleeps. */
const anAllocator = (): CommandAllocator =>
  new CommandAllocator(aCommandCard("command: 'sleep 60 # {script}'\nhosts: [h1]"));

const submitTo = (allocator: CommandAllocator, name: string): Promise<SubmitOutcome> => {
  const folder = temporaryFolder();
  const outputPath = join(folder, "block.out");
  return allocator.submit(aBlockScript({ name, outputPath, exitPath: join(folder, "block.exit") }));
};

const blockOf = (name: string, outcome: SubmitOutcome): NamedBlock & { readonly command: BlockCommand } => {
  if (outcome.kind !== "taken" || outcome.command === undefined) throw new Error(`it was ${outcome.kind}`);
  return { name, jobName: name, id: outcome.id, command: outcome.command };
};

const phaseOf = async (allocator: CommandAllocator, block: NamedBlock): Promise<string> => {
  const answer = await allocator.status([block]);
  return answer.kind === "answer" ? (answer.byName.get(block.name)?.phase ?? "absent") : answer.message;
};

/** A stranger's process that leads its own group. */
const aStranger = (): ChildProcess & { readonly pid: number } => {
  const child = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child as ChildProcess & { readonly pid: number };
};

it("a block of an earlier driver keeps its host until it ends, and is ended like any other", async () => {
  const block = blockOf("a-1", await submitTo(anAllocator(), "a-1"));
  const { pid } = block.command.process;
  const second = anAllocator();
  second.adopt([block]);
  expect(await submitTo(second, "a-2")).toMatchObject({ kind: "refused", isPermanent: false });
  expect(await phaseOf(second, block)).toBe("running");
  expect(await second.cancel([block])).toBeNull();
  await until("it is gone", () => !isRunning(pid));
  expect(await phaseOf(second, block)).toBe("absent");
  const next = blockOf("a-2", await submitTo(second, "a-2"));
  await second.cancel([next]);
});

it("a process that was given the id of a block that is gone is not taken for it, and not signalled", async () => {
  const stranger = aStranger();
  const process = { ...identityOf(stranger.pid), start_ticks: "1" };
  const gone = { name: "a-1", jobName: "a-1", id: String(stranger.pid), command: { process, host: "h1" } };
  const allocator = anAllocator();
  allocator.adopt([gone]);
  expect(await phaseOf(allocator, gone)).toBe("absent");
  expect(await allocator.cancel([gone])).toBeNull();
  const next = blockOf("a-2", await submitTo(allocator, "a-2"));
  await allocator.cancel([next]);
  expect([isRunning(stranger.pid), stranger.signalCode]).toEqual([true, null]);
});

it("a block that a driver on another machine has started counts as alive, and cancelling it says where it is", async () => {
  const stranger = aStranger();
  const process = { ...identityOf(stranger.pid), host: "login2" };
  const block = { name: "a-1", jobName: "a-1", id: String(stranger.pid), command: { process, host: "h1" } };
  const allocator = anAllocator();
  allocator.adopt([block]);
  expect(await phaseOf(allocator, block)).toBe("unknown");
  expect(await submitTo(allocator, "a-2")).toMatchObject({ kind: "refused" });
  expect(await allocator.cancel([block])).toBe(`block a-1 is process ${stranger.pid} on login2`);
  expect([isRunning(stranger.pid), stranger.signalCode]).toEqual([true, null]);
});
