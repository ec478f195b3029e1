/** Blocks as shell commands that start a worker somewhere and live as long as it does: for sites without SLURM. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, closeSync, openSync } from "node:fs";
import type { CommandCard } from "../../cards/card.ts";
import { writeFileAtomic } from "../../core/atomic-write.ts";
import { isAliveAndOurs } from "../../core/process-alive.ts";
import type { JobStatus } from "../slurm-status.ts";
import type { Allocator, NamedBlock, StatusAnswer, SubmitOutcome } from "./allocator.ts";
import { type BlockScript, formatWorkerPart, quoteWord } from "./worker-script.ts";

interface Started {
  readonly child: ChildProcess;
  readonly host: string | null;
  /** Null while it lives. */
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
    await Promise.all(blocks.map((block) => this.#end(block)));
    return null;
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
    const command = this.#card.command.replace(/\{(\w+)\}/g, (_, name: string) =>
      quoteWord(fields[name] ?? ""),
    );
    const output = openSync(block.outputPath, "a");
    const child = spawn("bash", ["-c", command], { detached: true, stdio: ["ignore", output, output] });
    closeSync(output);
    if (child.pid === undefined)
      return { kind: "refused", message: "bash is not on PATH", isPermanent: true };
    const started: Started = { child, host, code: null };
    child.once("exit", (code, signal) => {
      started.code = code ?? (signal === null ? 1 : 128);
    });
    child.unref();
    this.#started.set(block.name, started);
    return { kind: "taken", id: String(child.pid) };
  }

  /** A host without a living block; null where the card names none; undefined: all are taken. */
  #freeHost(): string | null | undefined {
    if (this.#card.hosts.length === 0) return null;
    const taken = new Set(
      [...this.#started.values()].filter(({ code }) => code === null).map(({ host }) => host),
    );
    return this.#card.hosts.find((host) => !taken.has(host));
  }

  /** Null: not known, as for a block of an earlier driver whose process is gone. */
  #statusOf({ name, id }: NamedBlock): JobStatus | null {
    const started = this.#started.get(name);
    const nodes = started?.host ?? "";
    const job = { id: id ?? "", name, nodes, reason: "" };
    if (started === undefined) return lives(id) ? { ...job, code: "RUNNING", phase: "running" } : null;
    if (started.code === null) return { ...job, code: "RUNNING", phase: "running" };
    return { ...job, code: `EXIT ${started.code}`, phase: "ended" };
  }

  async #end({ name, id }: NamedBlock): Promise<void> {
    const started = this.#started.get(name);
    const isOver = (): boolean => (started === undefined ? !lives(id) : started.code !== null);
    if (isOver()) return;
    signalGroup(id, "SIGTERM");
    const end = Date.now() + graceMs;
    while (!isOver() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
    if (!isOver()) signalGroup(id, "SIGKILL");
  }
}

const lives = (id: string | null): boolean => id !== null && isAliveAndOurs(Number(id));

const signalGroup = (id: string | null, signal: NodeJS.Signals): void => {
  try {
    if (id !== null) process.kill(-Number(id), signal);
  } catch {
    // It has just ended.
  }
};
