/** Checked file → local card: fills in what the machine decides. */
import type { LocalCard, LocalWorkers } from "./card.ts";
import type { ExecutorEntry, LocalCardFile } from "./local-card-schema.ts";
import { parseMemoryMiB } from "./memory.ts";
import type { CardMistake } from "./pilot-mistakes.ts";
import { kindsOf } from "./resolve-pilot-card.ts";

/** Contradictions that no single field shows. */
export const mistakesInLocalCard = ({ executors, slots }: LocalCardFile): readonly CardMistake[] => {
  if (executors === null) return [];
  const mistakes: CardMistake[] = [];
  if (slots !== "auto" && slots !== null) {
    const text = `got ${slots} beside executors; expected one of them. Set max_workers of each executor instead.`;
    mistakes.push({ path: ["slots"], text });
  }
  for (const [index, { label }] of executors.entries()) {
    if (executors.findIndex((other) => other.label === label) === index) continue;
    const text = `got "${label}" a second time; expected each label once.`;
    mistakes.push({ path: ["executors", index, "label"], text });
  }
  return mistakes;
};

/** A local card from a file without mistakes, for a machine of `numCores`. */
export const resolveLocalCard = (file: LocalCardFile, numCores: number): LocalCard => {
  const entries: readonly ExecutorEntry[] = file.executors ?? [
    { label: file.label, max_workers: file.slots },
  ];
  const coresEach = Math.max(1, Math.floor(numCores / entries.length));
  return {
    type: "local",
    label: file.label,
    executors: entries.map((entry) => resolveExecutor(entry, file, coresEach)),
    retries: file.retries,
    crashLimit: file.crash_limit,
    graceSec: file.grace,
    runDir: file.run_dir,
  };
};

const resolveExecutor = (entry: ExecutorEntry, file: LocalCardFile, numCores: number): LocalWorkers => {
  const threadsPerTask = entry.cores_per_worker ?? file.threads_per_task;
  const count = entry.max_workers ?? "auto";
  const memory = entry.mem_per_worker === undefined ? file.memory_per_task : entry.mem_per_worker;
  const env = Object.entries({ ...file.env, ...entry.env }).map(
    ([name, value]) => [name, String(value)] as const,
  );
  return {
    label: entry.label,
    slots: count === "auto" ? Math.max(1, Math.floor(numCores / threadsPerTask)) : count,
    threadsPerTask,
    memoryMiB: memory === null ? null : parseMemoryMiB(memory),
    serves: kindsOf(entry.serves ?? file.serves),
    workerInit: (entry.worker_init === undefined ? file.worker_init : entry.worker_init) ?? "",
    env: Object.fromEntries(env),
  };
};
