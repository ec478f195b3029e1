/**
 * `working.json`: a sign in a task's folder that somebody works there, for other sweeps that want the same result.
 *
 * Within one sweep the broker knows who works on what. Two sweeps with a common target have two brokers, and meet only here.
 * The sign is renewed while its writer lives; one that is not is nobody's. It spares work and protects nothing: of two
 * attempts still only the newest may finish (`attempt.ts`).
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { writeFileAtomic } from "../core/atomic-write.ts";
import { isAlive } from "../core/process-alive.ts";

/** Who works in a folder. */
export interface Worker {
  /** `swp_<12 hex>`. */
  readonly sweepId: string;
  /** Of the attempt. */
  readonly token: string;
  readonly host: string;
  readonly pid: number;
}

/** A sign that was put up. */
export interface WorkingSign {
  /** Says that its writer lives; at least every `renewSignMs`. */
  renew(): void;
  /** Takes it down, unless it is somebody else's by now. */
  remove(): void;
}

/** How often a sign is renewed, and how old one may be, by its writer's clock against the reader's. */
export const renewSignMs = 10_000;
const maxAgeMs = 60_000;

const fileIn = (dir: string): string => join(dir, "working.json");

/**
 * Puts up a sign, or says who of another sweep works here.
 *
 * @param now milliseconds since 1970.
 */
export const putUpSign = (
  dir: string,
  { sweepId, token }: Pick<Worker, "sweepId" | "token">,
  now: () => number = Date.now,
): WorkingSign | Worker => {
  const path = fileIn(dir);
  const text = (): string => {
    const self = { sweep_id: sweepId, token, host: hostname(), pid: process.pid, renewed_ms: now() };
    return `${JSON.stringify(self)}\n`;
  };
  mkdirSync(dir, { recursive: true });
  if (!tryCreate(path, text())) {
    const other = liveWorkerAt(path, now());
    if (other !== null && other.sweepId !== sweepId) return other;
    writeFileAtomic(path, text());
  }
  const isOwn = (): boolean => readSign(path)?.token === token;
  return {
    renew: () => {
      if (isOwn()) writeFileAtomic(path, text());
    },
    remove: () => {
      if (isOwn()) rmSync(path, { force: true });
    },
  };
};

/** False if there is one already. */
const tryCreate = (path: string, text: string): boolean => {
  try {
    writeFileSync(path, text, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
};

const liveWorkerAt = (path: string, now: number): Worker | null => {
  const sign = readSign(path);
  if (sign === null || Math.abs(now - sign.renewedMs) > maxAgeMs) return null;
  return sign.host === hostname() && !isAlive(sign.pid) ? null : sign;
};

const readSign = (path: string): (Worker & { readonly renewedMs: number }) | null => {
  try {
    const fields = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    const { sweep_id: sweepId, token, host, pid, renewed_ms: renewedMs } = fields;
    if (typeof sweepId !== "string" || typeof token !== "string") return null;
    return { sweepId, token, host: String(host), pid: Number(pid), renewedMs: Number(renewedMs) };
  } catch {
    return null;
  }
};
