/**
 * The part of a block's script that runs on its first node: environment, `worker_init`, worker, and a line about the end.
 *
 * The worker is a background child and the shell waits for it, because SLURM sends the warning before the end of the
 * walltime to the shell alone, and bash runs a trap only between commands or while it waits. TERM of scancel reaches
 * shell and worker alike; it is passed on as USR1, which means the same (drain), since a second TERM would mean "now".
 */
import type { PilotCard } from "../../cards/card.ts";
import { formatMemory } from "../../cards/memory.ts";
import { taskClassOf } from "../../core/task-class.ts";

/** What one block's script says beyond its card. */
export interface BlockScript {
  readonly sweepId: string;
  /** `gpu-3`: unique in the sweep. */
  readonly name: string;
  /** Unique among the user's jobs. */
  readonly jobName: string;
  /** Output of script and worker; appended. */
  readonly outputPath: string;
  /** Where the script says how it ended; see `parseExitReport`. */
  readonly exitPath: string;
  readonly workingFolder: string;
  /** Nodes to stay away from, on top of the card's. */
  readonly badNodes: readonly string[];
  readonly program: WorkerProgram;
  /** Words after the program instead of those that start a worker; the default is a worker. */
  readonly command?: readonly string[];
}

/** The worker program as the nodes find it; absolute paths. */
export interface WorkerProgram {
  /** Node.js of the driver. */
  readonly node: string;
  /** Compiled command line of this package. */
  readonly main: string;
  /** File that says where Redis is. */
  readonly connection: string;
}

/** Exit codes of the script that are not the worker's. */
export const scriptExitCode = { noNode: 96, initFailed: 97 } as const;

/** Shell text; `launch.prefix` stands before the worker's command, `launch.forward` passes the request to drain on. */
export const formatWorkerPart = (
  card: PilotCard,
  block: BlockScript,
  launch: { readonly prefix: string; readonly forward: string },
): string =>
  [
    reportPart(block),
    ...Object.entries(card.worker.env).map(([name, value]) => `export ${name}=${quoteWord(value)}`),
    ...initPart(card),
    nodePart(card, block),
    ...lifePart(card),
    "",
    "phase=worker",
    `${launch.prefix}"$node" ${argumentsOf(card, block).join(" ")} &`,
    "worker=$!",
    `trap 'asked=USR1; ${launch.forward}' USR1`,
    `trap 'asked=TERM; ${launch.forward}' TERM`,
    "# A trap ends the wait early: wait again until the worker is gone.",
    'wait "$worker"; code=$?',
    'while [ "$code" -gt 128 ] && kill -0 "$worker" 2>/dev/null; do wait "$worker"; code=$?; done',
    'exit "$code"',
    "",
  ].join("\n");

const reportPart = ({ exitPath }: BlockScript): string => `exit_file=${quoteWord(exitPath)}
rm -f "$exit_file"
phase=start asked=
report() {
  code=$?
  printf '%s %s %s %s\\n' "$code" "$phase" "\${SLURMD_NODENAME:-$(hostname)}" "$asked" >"$exit_file.$$" &&
    mv "$exit_file.$$" "$exit_file"
  exit "$code"
}
trap report EXIT
trap 'asked=TERM; exit 143' TERM
trap 'asked=USR1; exit 138' USR1
`;

const initPart = ({ worker }: PilotCard): readonly string[] => {
  if (worker.workerInit.trim() === "") return [];
  return [
    "",
    "phase=worker_init",
    worker.workerInit.trimEnd(),
    `code=$?; set +eu
if [ "$code" -ne 0 ]; then
  echo "lambda-hat: the last command of worker_init failed with exit code $code" >&2
  exit ${scriptExitCode.initFailed}
fi`,
  ];
};

const nodePart = (card: PilotCard, { program }: BlockScript): string => `
phase=start
node=\${LAMBDA_HAT_NODE:-${quoteWord(card.worker.node ?? program.node)}}
command -v "$node" >/dev/null || node=node
if ! command -v "$node" >/dev/null; then
  echo "lambda-hat: no Node.js on $(hostname); set the card's key node, or load a module in worker_init" >&2
  exit ${scriptExitCode.noNode}
fi`;

/** SLURM before 23.02 does not say when a job ends. */
const lifePart = ({ walltimeSec }: PilotCard): readonly string[] =>
  walltimeSec === null ? [] : [`ends_at=\${SLURM_JOB_END_TIME:-$(($(date +%s) + ${walltimeSec}))}`];

const argumentsOf = (card: PilotCard, block: BlockScript): readonly string[] =>
  block.command === undefined
    ? workerArguments(card, block)
    : [block.program.main, ...block.command].map(quoteWord);

const workerArguments = (card: PilotCard, block: BlockScript): readonly string[] => {
  const { worker } = card;
  const serves = worker.serves?.map(taskClassOf);
  return [
    quoteWord(block.program.main),
    "worker",
    `--connection ${quoteWord(block.program.connection)}`,
    `--sweep ${block.sweepId}`,
    `--block ${block.name}`,
    `--slots ${worker.slots}`,
    `--threads ${worker.threads}`,
    ...(worker.hasGpus ? ["--gpus"] : []),
    ...(worker.memoryMiB === null ? [] : [`--memory-mib ${Math.floor(worker.memoryMiB)}`]),
    ...(serves === undefined ? [] : [`--serves ${serves.join(",")}`]),
    ...(card.walltimeSec === null ? [] : ['--ends-at "$ends_at"']),
    `--drain-before ${card.drainBeforeSec}`,
    `--grace ${card.graceSec}`,
    // The driver drains idle blocks; this is for blocks whose driver has died.
    ...(card.blocks.min === 0 ? [`--idle-exit ${card.blocks.maxIdleSec + orphanIdleSec}`] : []),
  ];
};

const orphanIdleSec = 600;

/** How a script ended. */
export interface ExitReport {
  readonly code: number;
  readonly phase: "start" | "worker_init" | "worker";
  readonly node: string;
  /** Last signal that asked for the end: TERM by scancel or preemption, USR1 before the walltime; null: none did. */
  readonly asked: "TERM" | "USR1" | null;
}

/** The line that a script leaves behind; null if it is none. */
export const parseExitReport = (text: string): ExitReport | null => {
  const match = /^(\d+) (start|worker_init|worker) (\S+) (TERM|USR1)?\n?$/.exec(text);
  if (match === null) return null;
  const [, code, phase, node, asked] = match;
  return {
    code: Number(code),
    phase: phase as ExitReport["phase"],
    node: node as string,
    asked: (asked ?? null) as ExitReport["asked"],
  };
};

/** A word for a POSIX shell. */
export const quoteWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/** What a block asks for on each node, for people: `8 slots × 1 thread, 16G`. */
export const describeWorker = ({ worker }: PilotCard): string => {
  const slots = `${worker.slots} slot${worker.slots === 1 ? "" : "s"} × ${worker.threads} thread${worker.threads === 1 ? "" : "s"}`;
  const memory = worker.memoryMiB === null ? "" : `, ${formatMemory(worker.memoryMiB)} a task`;
  return `${slots}${worker.hasGpus ? " and a GPU" : ""}${memory}`;
};
