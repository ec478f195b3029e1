/** Blocks as shell commands that start a worker somewhere and live as long as it does: for sites without SLURM. */
import { spawn } from "node:child_process";
import { chmodSync, closeSync, openSync } from "node:fs";
import type { CommandCard } from "../../cards/card.ts";
import { writeFileAtomic } from "../../core/atomic-write.ts";
import { identityOf, isOfThisMachine, isThere } from "../../core/process-identity.ts";
import type { JobStatus } from "../slurm-status.ts";
import type { Allocator, NamedBlock, StatusAnswer, SubmitOutcome } from "./allocator.ts";
import type { BlockCommand } from "./block.ts";
import { type BlockScript, formatWorkerPart, quoteWord } from "./worker-script.ts";

interface Started extends BlockCommand {
  /** Of this process; else an earlier driver has started it. */
  readonly isChild: boolean;
  /** Of a child that has ended; null: of any other. */
  code: number | null;
}

/** A command that was asked to end has so long before it is killed. */
const graceMs = 5000;

/** Starts and ends the commands of one card. */
export class CommandAllocator implements Allocator {
  readonly description: string;
  readonly #card: CommandCard;
  readonly #started = new Map<string, Started>();

  constructor(card: CommandCard) {
    this.#card = card;
    const hosts = card.hosts.length === 0 ? "" : ` on ${card.hosts.join(", ")}`;
    this.description = `command${hosts}`;
  }

  /** A host stays theirs, and only the very processes that they were are ever signalled. */
  adopt(blocks: readonly NamedBlock[]): void {
    for (const { name, command } of blocks)
      if (command !== undefined) this.#started.set(name, { ...command, isChild: false, code: null });
  }

  submit(block: BlockScript): Promise<SubmitOutcome> {
    return Promise.resolve(this.#submit(block));
  }

  status(blocks: readonly NamedBlock[]): Promise<StatusAnswer> {
    const found = blocks.flatMap((block): readonly [string, JobStatus][] => {
      const status = this.#statusOf(block);
      return status === null ? [] : [[block.name, status]];
    });
    return Promise.resolve({ kind: "answer", byName: new Map(found) });
  }

  async cancel(blocks: readonly NamedBlock[]): Promise<string | null> {
    const problems = await Promise.all(blocks.map(({ name }) => this.#end(name)));
    return problems.find((problem) => problem !== null) ?? null;
  }

  #submit(block: BlockScript): SubmitOutcome {
    const host = this.#freeHost();
    if (host === undefined)
      return { kind: "refused", message: "every host of the card has a block", isPermanent: false };
    const scriptPath = `${block.exitPath.replace(/\.exit$/, "")}.sh`;
    const forward = 'kill -USR1 "$worker" 2>/dev/null';
    const lines = ["#!/bin/bash", `cd ${quoteWord(block.workingFolder)} || exit 1`];
    writeFileAtomic(
      scriptPath,
      [...lines, formatWorkerPart(this.#card, block, { prefix: "", forward })].join("\n"),
    );
    chmodSync(scriptPath, 0o700);
    const fields: Readonly<Record<string, string>> = {
      script: scriptPath,
      host: host ?? "",
      block: block.name,
    };
    const words = this.#card.command.replace(/\{(\w+)\}/g, (_, name: string) =>
      quoteWord(fields[name] ?? ""),
    );
    const output = openSync(block.outputPath, "a");
    const child = spawn("bash", ["-c", words], { detached: true, stdio: ["ignore", output, output] });
    closeSync(output);
    if (child.pid === undefined)
      return { kind: "refused", message: "bash is not on PATH", isPermanent: true };
    const command: BlockCommand = { process: identityOf(child.pid), host };
    const started: Started = { ...command, isChild: true, code: null };
    child.once("exit", (code, signal) => {
      started.code = code ?? (signal === null ? 1 : 128);
    });
    child.unref();
    this.#started.set(block.name, started);
    return { kind: "taken", id: String(child.pid), command };
  }

  /** A host without a living block; null where the card names none; undefined: all are taken. */
  #freeHost(): string | null | undefined {
    if (this.#card.hosts.length === 0) return null;
    const taken = new Set([...this.#started.values()].filter(mayLive).map(({ host }) => host));
    return this.#card.hosts.find((host) => !taken.has(host));
  }

  /** Null: not known, as of a block whose process an earlier driver did not write down, or has left and is gone. */
  #statusOf({ name, id }: NamedBlock): JobStatus | null {
    const started = this.#started.get(name);
    if (started === undefined) return null;
    const job = { id: id ?? "", name, nodes: started.host ?? "", reason: "" };
    if (started.code !== null) return { ...job, code: `EXIT ${started.code}`, phase: "ended" };
    if (!isOfThisMachine(started.process)) return { ...job, code: "ELSEWHERE", phase: "unknown" };
    return mayLive(started) ? { ...job, code: "RUNNING", phase: "running" } : null;
  }

  /** Null: it is over. */
  async #end(name: string): Promise<string | null> {
    const started = this.#started.get(name);
    if (started === undefined || !mayLive(started)) return null;
    const { host, pid } = started.process;
    if (!isOfThisMachine(started.process)) return `block ${name} is process ${pid} on ${host}`;
    signalGroup(pid, "SIGTERM");
    const end = Date.now() + graceMs;
    while (mayLive(started) && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
    if (mayLive(started)) signalGroup(pid, "SIGKILL");
    return null;
  }
}

/** What cannot be looked at from here counts as alive. */
const mayLive = ({ process, isChild, code }: Started): boolean =>
  code === null && (isChild || !isOfThisMachine(process) || isThere(process));

const signalGroup = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has just ended.
  }
};
