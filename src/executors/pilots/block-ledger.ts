/**
 * `blocks/` beside a sweep: what the driver knows of its blocks, their scripts, output and last lines.
 *
 * The list is written before a block is submitted and after every change, so that a driver that died is followed by one
 * that finds its blocks again instead of starting as many anew.
 */
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeJsonAtomic } from "../../core/atomic-write.ts";
import { readTextOrNull } from "../../core/read-text.ts";
import type { Block } from "./block.ts";
import type { CardState } from "./card-state.ts";
import { type ExitReport, parseExitReport } from "./worker-script.ts";

/** Content of `<label>.json`. */
export interface LedgerFile {
  readonly v: typeof ledgerVersion;
  readonly card: string;
  /** Number of the next block. */
  readonly next: number;
  /** Nodes that no further block is given. */
  readonly bad_nodes: readonly string[];
  /** Newest last; only the last of those that have ended are kept. */
  readonly blocks: readonly Block[];
  /** Null: not known. */
  readonly state: CardState | null;
}

const ledgerVersion = 2;
const keptEnded = 200;
/** The end of a block's output that a message shows. */
const shownBytes = 3000;
const shownLines = 20;

/** The files of one card's blocks in one sweep. */
export class BlockLedger {
  readonly folder: string;
  readonly #label: string;
  #written = "";

  constructor(folder: string, label: string) {
    this.folder = folder;
    this.#label = label;
    mkdirSync(folder, { recursive: true });
  }

  /** What an earlier driver has left; empty if there is none or it cannot be read. */
  load(): LedgerFile {
    return (
      readLedger(this.#path) ?? {
        v: ledgerVersion,
        card: this.#label,
        next: 1,
        bad_nodes: [],
        blocks: [],
        state: null,
      }
    );
  }

  /** Writes if anything has changed. */
  save(content: Pick<LedgerFile, "next" | "bad_nodes" | "blocks" | "state">): void {
    const ended = content.blocks.filter(({ phase }) => phase === "ended");
    const dropped = new Set(ended.slice(0, Math.max(0, ended.length - keptEnded)));
    const blocks = content.blocks.filter((block) => !dropped.has(block)).map(withoutClock);
    const file: LedgerFile = { v: ledgerVersion, card: this.#label, ...content, blocks };
    const text = JSON.stringify(file);
    if (text === this.#written) return;
    writeJsonAtomic(this.#path, file);
    this.#written = text;
  }

  outputPath(block: string): string {
    return join(this.folder, `${block}.out`);
  }

  exitPath(block: string): string {
    return join(this.folder, `${block}.exit`);
  }

  /** The script's last line, or null. */
  readReport(block: string): ExitReport | null {
    const text = readTextOrNull(this.exitPath(block));
    return text === null ? null : parseExitReport(text);
  }

  /** Removes what an earlier block of the same name may have left. */
  clear(block: string): void {
    rmSync(this.exitPath(block), { force: true });
  }

  /** The last lines of a block's output; empty if there are none. */
  outputTail(block: string): string {
    const text = readTextOrNull(this.outputPath(block)) ?? "";
    return text.slice(-shownBytes).trimEnd().split("\n").slice(-shownLines).join("\n");
  }

  get #path(): string {
    return join(this.folder, `${this.#label}.json`);
  }
}

/** Times of every heartbeat would have the file written again each second. */
const withoutClock = (block: Block): Block =>
  block.phase === "running" ? { ...block, heardAt: null, idleSince: null } : block;

/** A ledger on disk, or null. */
export const readLedger = (path: string): LedgerFile | null => {
  const text = readTextOrNull(path);
  if (text === null) return null;
  try {
    const file = JSON.parse(text) as LedgerFile;
    return file.v === ledgerVersion && Array.isArray(file.blocks) ? file : null;
  } catch {
    return null;
  }
};
