/** Card file → card: reads, overrides, checks, and fills in what the machine decides. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { z } from "zod";
import { SweepError } from "../core/errors.ts";
import { packageRoot } from "../core/package-root.ts";
import { joinPath, type LocatedMap, nearestNode, type PathStep, plainOf } from "../core/yaml/located.ts";
import { gotOf, type Mistake, quote, throwMistakes, wordKeys } from "../core/yaml/mistakes.ts";
import { suggestName } from "../core/yaml/nearest-name.ts";
import { readYamlFile } from "../core/yaml/read-yaml.ts";
import { setValues } from "../core/yaml/set-values.ts";
import type { Card } from "./card.ts";
import { formatCard } from "./format-card.ts";
import { executorSchema, localCardSchema } from "./local-card-schema.ts";
import { commandCardSchema, parslKeys, slurmCardSchema } from "./pilot-card-schema.ts";
import { type CardMistake, mistakesInCommandCard, mistakesInSlurmCard } from "./pilot-mistakes.ts";
import { mistakesInLocalCard, resolveLocalCard } from "./resolve-local-card.ts";
import { resolveCommandCard, resolveSlurmCard } from "./resolve-pilot-card.ts";

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
  const mistakes: Mistake[] = [];
  const source = readYamlFile(path, path, mistakes);
  const root = setValues(source.root, options.sets ?? [], { mistakes, ...setRules });
  const value = plainOf(root);
  const checked = kindOf(value).check(value, options.numCores ?? availableParallelism());
  const found =
    "issues" in checked
      ? checked.issues.flatMap((issue) => wordIssue(issue, root))
      : checked.mistakes.map((mistake) => placeMistake(mistake, root));
  throwMistakes(path, [...mistakes, ...found]);
  if ("issues" in checked) throw new Error("bug: a card without mistakes was refused");
  const card = checked.resolve();
  return { card, resolvedText: formatCard(card) };
};

const setRules = { presetBlocks: [], example: "card.slots=4", prefix: "card." };

/** What is known of a card after its keys were checked. */
type Checked =
  | { readonly issues: readonly z.core.$ZodIssue[] }
  | { readonly mistakes: readonly CardMistake[]; readonly resolve: () => Card };

interface CardKind {
  readonly schema: z.ZodObject;
  readonly check: (value: unknown, numCores: number) => Checked;
}

const cardKind = <Schema extends z.ZodObject>(
  schema: Schema,
  mistakesIn: (file: z.infer<Schema>) => readonly CardMistake[],
  resolve: (file: z.infer<Schema>, numCores: number) => Card,
): CardKind => ({
  schema,
  check: (value, numCores) => {
    const parsed = schema.safeParse(value);
    if (!parsed.success) return { issues: parsed.error.issues };
    return { mistakes: mistakesIn(parsed.data), resolve: () => resolve(parsed.data, numCores) };
  },
});

const kinds: Readonly<Record<Card["type"], CardKind>> = {
  local: cardKind(localCardSchema, mistakesInLocalCard, resolveLocalCard),
  slurm: cardKind(slurmCardSchema, mistakesInSlurmCard, resolveSlurmCard),
  command: cardKind(commandCardSchema, mistakesInCommandCard, resolveCommandCard),
};

/** By `type`; a file of no known type is checked as one of type local, unless it has keys of another. */
const kindOf = (value: unknown): CardKind => {
  const file = (typeof value === "object" && value !== null ? value : {}) as Readonly<
    Record<string, unknown>
  >;
  const type = file["type"];
  if (type === "local" || type === "slurm" || type === "command") return kinds[type];
  if ("partition" in file || "walltime" in file) return kinds.slurm;
  return "command" in file ? kinds.command : kinds.local;
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

const wordIssue = (issue: z.core.$ZodIssue, root: LocatedMap): readonly Mistake[] => {
  const path = issue.path as readonly PathStep[];
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(plainOf(root), path);
    return wordKeys(issue.keys, (key) => unknownKey([...path, key], known, root));
  }
  const { node, depth } = nearestNode(root, path);
  const got = depth < path.length ? "nothing" : gotOf(node);
  return [placeMistake({ path, text: `got ${got}; expected ${issue.message}.` }, root)];
};

const unknownKey = (path: readonly PathStep[], known: readonly string[], root: LocatedMap): Mistake => {
  const [key, parent] = [String(path.at(-1)), path.slice(0, -1)];
  const parsl = parent.length === 0 ? parslKeys[key] : undefined;
  const text =
    parsl === undefined
      ? `got the unknown key ${quote(key)}; expected one of ${known.join(", ")}.${suggestName(key, known)}`
      : `got a key of Parsl that has no meaning here: ${parsl}`;
  const { node } = nearestNode(root, parent);
  const place = node.kind === "map" ? node.members.get(key)?.keyPlace : undefined;
  return { place: place ?? node.place, path: joinPath("", ...path), text };
};

const placeMistake = ({ path, text }: CardMistake, root: LocatedMap): Mistake => ({
  place: nearestNode(root, path).node.place,
  path: joinPath("", ...path),
  text,
});

/** Keys that a card may have at `path`. */
const keysAt = (root: unknown, path: readonly PathStep[]): readonly string[] => {
  if (path[0] === "executors") return Object.keys(executorSchema.shape);
  let schema: unknown = kindOf(root).schema;
  for (const step of path) schema = withoutWrappers((schema as z.ZodObject).shape[step]);
  return Object.keys((schema as z.ZodObject).shape);
};

/** The mapping inside `nullable`, `optional` and `default`. */
const withoutWrappers = (schema: unknown): unknown => {
  const inner = (schema as { readonly def?: { readonly innerType?: unknown } }).def?.innerType;
  return inner === undefined ? schema : withoutWrappers(inner);
};
