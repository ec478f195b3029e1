/** Card file → card: reads, overrides, checks, and fills in what the machine decides. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import type { z } from "zod";
import { SweepError } from "../core/errors.ts";
import { packageRoot } from "../core/package-root.ts";
import { type PathStep, readYamlDocument, throwMistakes, type YamlDocument } from "../core/yaml-document.ts";
import type { TaskKind } from "../plan/task.ts";
import type { Card, LocalCard, LocalWorkers } from "./card.ts";
import {
  type ExecutorEntry,
  executorSchema,
  type LocalCardFile,
  localCardSchema,
  memoryMiBOf,
} from "./card-schema.ts";
import { suggestKey } from "./suggest-key.ts";

/** What overrides a card, and the machine it is for. */
export interface LoadCardOptions {
  /** `path=value` texts of `--set card.…`, without `card.`. */
  readonly sets?: readonly string[];
  /** Default: the cores that this process may use. */
  readonly numCores?: number;
}

/** A checked card, and its text with everything filled in, as it is kept beside the sweep. */
export interface LoadedCard {
  readonly card: Card;
  readonly resolvedText: string;
}

/**
 * Loads the card at a path, or the card of that name (`local`, `slurm/cpu`) in `cards/`: of the working folder first,
 * then of this package.
 * @throws SweepError `NOT_FOUND` with the known cards; `CONFIG_INVALID` with one `file:line:column` entry a mistake.
 */
export const loadCard = (pathOrName: string, options: LoadCardOptions = {}): LoadedCard => {
  const path = findCard(pathOrName);
  const document = readYamlDocument(path);
  for (const set of options.sets ?? []) document.override(set);
  const value = document.toValue();
  const parsed = localCardSchema.safeParse(value);
  if (!parsed.success) {
    throwMistakes(
      path,
      parsed.error.issues.flatMap((issue) => describeIssue(issue, value, document)),
    );
    throw new Error("bug: a card without mistakes was refused");
  }
  throwMistakes(path, contradictionsOf(parsed.data, document));
  const card = resolveCard(parsed.data, options.numCores ?? availableParallelism());
  return { card, resolvedText: formatCard(card) };
};

const findCard = (pathOrName: string): string => {
  if (statSync(pathOrName, { throwIfNoEntry: false })?.isFile() === true) return pathOrName;
  const folders = ["cards", join(packageRoot, "cards")];
  const found = folders.map((folder) => join(folder, `${pathOrName}.yaml`)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  // cards/local.yaml from any folder: the packaged card of that name.
  const packaged = join(packageRoot, pathOrName);
  if (pathOrName.startsWith("cards/") && existsSync(packaged)) return packaged;
  const known = [...new Set(folders.flatMap(cardNamesIn))].sort();
  throw new SweepError(
    "NOT_FOUND",
    `card "${pathOrName}" not found. Known cards: ${known.join(", ")}; or give a path.`,
  );
};

const cardNamesIn = (folder: string): readonly string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".yaml"))
        .map((name) => name.slice(0, -".yaml".length))
    : [];

const describeIssue = (issue: z.core.$ZodIssue, root: unknown, document: YamlDocument): readonly string[] => {
  const path = issue.path as readonly PathStep[];
  const at = `${document.placeOf(path)}  ${path.length === 0 ? "(root)" : path.join(".")}`;
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys((path[0] === "executors" ? executorSchema : localCardSchema).shape);
    return issue.keys.map((key) => {
      const place = `${document.placeOf([...path, key])}  ${[...path, key].join(".")}`;
      return `${place}: got the unknown key "${key}"; expected one of ${known.join(", ")}.${suggestKey(key, known)}`;
    });
  }
  return [`${at}: got ${describeValue(valueAt(root, path))}; expected ${issue.message}.`];
};

const valueAt = (root: unknown, path: readonly PathStep[]): unknown =>
  path.reduce<unknown>((value, step) => (value as Record<PathStep, unknown> | undefined)?.[step], root);

const describeValue = (value: unknown): string => {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  return typeof value === "object" && value !== null ? "a mapping" : JSON.stringify(value);
};

/** Mistakes that no single field shows. */
const contradictionsOf = (file: LocalCardFile, document: YamlDocument): readonly string[] => {
  const { executors, slots } = file;
  if (executors === null) return [];
  const mistakes: string[] = [];
  if (slots !== "auto" && slots !== null) {
    const text = `got ${slots} beside executors; expected one of them. Set max_workers of each executor instead.`;
    mistakes.push(`${document.placeOf(["slots"])}  slots: ${text}`);
  }
  for (const [index, { label }] of executors.entries()) {
    if (executors.findIndex((other) => other.label === label) === index) continue;
    const place = `${document.placeOf(["executors", index, "label"])}  executors.${index}.label`;
    mistakes.push(`${place}: got "${label}" a second time; expected each label once.`);
  }
  return mistakes;
};

const resolveCard = (file: LocalCardFile, numCores: number): LocalCard => {
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
    memoryMiB: memory === null ? null : memoryMiBOf(memory),
    serves: kindsOf(entry.serves ?? file.serves),
    workerInit: (entry.worker_init === undefined ? file.worker_init : entry.worker_init) ?? "",
    env: Object.fromEntries(env),
  };
};

const kindsOf = (serves: LocalCardFile["serves"]): readonly TaskKind[] | null => {
  if (serves === "any") return null;
  const classes = typeof serves === "string" ? [serves] : serves;
  return classes.map((name) => (name === "build" ? "build-target" : "run-sampler"));
};

/** The card as YAML with every key, in the form in which it can be loaded again. */
const formatCard = (card: LocalCard): string =>
  stringify({
    type: card.type,
    label: card.label,
    executors: card.executors.map((workers) => ({
      label: workers.label,
      max_workers: workers.slots,
      cores_per_worker: workers.threadsPerTask,
      mem_per_worker: workers.memoryMiB === null ? null : `${workers.memoryMiB}M`,
      serves: workers.serves?.map((kind) => (kind === "build-target" ? "build" : "sample")) ?? "any",
      worker_init: workers.workerInit,
      env: workers.env,
    })),
    retries: card.retries,
    crash_limit: card.crashLimit,
    grace: card.graceSec,
    run_dir: card.runDir,
  });
