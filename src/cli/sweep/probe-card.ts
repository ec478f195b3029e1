/** `card probe`: one short block of a card that runs no worker but reports what a worker would see. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import type { PilotCard } from "../../cards/card.ts";
import { SweepError } from "../../core/errors.ts";
import type { NamedBlock } from "../../executors/pilots/allocator.ts";
import { BlockLedger } from "../../executors/pilots/block-ledger.ts";
import { bindAddressOf } from "../../queue/redis/connection/bind-address.ts";
import type { RedisAddress } from "../../queue/redis/connection/redis-address.ts";
import type { NodeReport } from "./node-report.ts";
import { redisChoiceFor } from "./sweep-broker.ts";
import { allocatorOf, workerProgram } from "./sweep-executor.ts";

/** A probe's result. */
export interface ProbeResult {
  readonly report: NodeReport;
  /** From submission to the report. */
  readonly seconds: number;
}

/** What a probe is told. */
export interface ProbeOptions {
  readonly timeoutSec: number;
  readonly say: (words: string) => void;
  readonly stop: AbortSignal;
}

const lifeSec = 600;
const lookEveryMs = 500;
/** SLURM is asked so often why it takes so long. */
const askEveryMs = 30_000;

/**
 * @throws SweepError `ENVIRONMENT` if the block is refused, does not start in time, or reports nothing; `USAGE` for a Redis that
 * a sweep would not look for either.
 */
export const probeCard = async (card: PilotCard, options: ProbeOptions): Promise<ProbeResult> => {
  const way = await openWay(card);
  const folder = mkdtempSync(join(process.cwd(), ".lambda-hat-probe-"));
  try {
    return await runProbe(shortLived(card), { ...options, folder, dial: way.dial });
  } finally {
    way.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

/** What the node is to reach: the Redis of the card, or this machine where a sweep would start its own. */
const openWay = async (card: PilotCard): Promise<{ readonly dial: string; close(): void }> => {
  const choice = redisChoiceFor([card], null);
  if (choice?.kind === "given") return { dial: dialTextOf(choice.address), close: () => {} };
  const host = bindAddressOf(choice?.interface ?? null);
  const server = await listen(host);
  const { port } = server.address() as { port: number };
  return { dial: `${host}:${port}`, close: () => server.close() };
};

/** `host:port`, or the path of a socket. */
const dialTextOf = ({ at }: RedisAddress): string => ("path" in at ? at.path : `${at.host}:${at.port}`);

/** The driver's end of the way back: accepts and hangs up. */
const listen = (host: string): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", reject);
    server.listen(0, host, () => resolve(server));
  });

const shortLived = <Card extends PilotCard>(card: Card): Card => ({
  ...card,
  walltimeSec: Math.min(card.walltimeSec ?? lifeSec, lifeSec),
  drainBeforeSec: 0,
});

interface ProbePlace extends ProbeOptions {
  readonly folder: string;
  readonly dial: string;
}

const runProbe = async (card: PilotCard, place: ProbePlace): Promise<ProbeResult> => {
  const { folder, dial, say } = place;
  const name = `${card.label}-probe`;
  const ledger = new BlockLedger(folder, card.label);
  const reportPath = join(folder, "report.json");
  const allocator = allocatorOf(card);
  const jobName = `lambda-hat.probe.${folder.slice(-6)}`;
  const start = performance.now();
  const outcome = await allocator.submit({
    sweepId: "probe",
    name,
    jobName,
    outputPath: ledger.outputPath(name),
    exitPath: ledger.exitPath(name),
    workingFolder: process.cwd(),
    badNodes: [],
    program: workerProgram(""),
    command: ["card", "report", "--to", reportPath, "--dial", dial],
  });
  const block: NamedBlock = { name, jobName, id: outcome.kind === "taken" ? outcome.id : null };
  try {
    if (outcome.kind !== "taken")
      throw new SweepError("ENVIRONMENT", `card "${card.label}": ${outcome.message}.`);
    say(`submitted: ${allocator.description}, ${outcome.id}`);
    const ask = async (): Promise<void> => {
      const answer = await allocator.status([block]);
      const status = answer.kind === "answer" ? answer.byName.get(name) : undefined;
      say(status === undefined ? "no word of it" : `${status.code} ${status.reason}`.trim());
    };
    await untilReported(
      () => readReport(reportPath) !== null || ledger.readReport(name) !== null,
      place,
      ask,
    );
    const report = readReport(reportPath);
    const tail = ledger.outputTail(name);
    if (report === null) throw noReport(card, tail);
    return { report, seconds: (performance.now() - start) / 1000 };
  } finally {
    if (outcome.kind !== "refused") await allocator.cancel([block]);
  }
};

const noReport = (card: PilotCard, tail: string): SweepError =>
  new SweepError(
    "ENVIRONMENT",
    `card "${card.label}": the block ended without a report.${tail === "" ? "" : ` Its output ends in:\n${tail}`}`,
  );

const untilReported = async (
  isOver: () => boolean,
  { timeoutSec, stop }: ProbePlace,
  ask: () => Promise<void>,
): Promise<void> => {
  const start = Date.now();
  let askedAt = start;
  while (!isOver()) {
    if (stop.aborted) throw new SweepError("CANCELLED", "stopped; the probe's block is cancelled.");
    if (Date.now() - start > timeoutSec * 1000)
      throw new SweepError(
        "ENVIRONMENT",
        `no report after ${timeoutSec} s; the block is cancelled. Wait longer with --timeout, or look at squeue.`,
      );
    if (Date.now() - askedAt > askEveryMs) {
      askedAt = Date.now();
      await ask();
    }
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
};

const readReport = (path: string): NodeReport | null => {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as NodeReport;
  } catch {
    return null;
  }
};
