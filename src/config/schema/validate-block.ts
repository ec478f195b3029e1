/**
 * Checks a located tree against a schema and words every mistake as `got …; expected …` at its line.
 */
import { z } from "zod";
import {
  joinPath,
  type Located,
  type LocatedMap,
  nearestNode,
  type PathStep,
  plainOf,
} from "../../core/yaml/located.ts";
import { gotOf, type Mistake, quote, wordKeys, wrongValue } from "../../core/yaml/mistakes.ts";
import { suggestName } from "../../core/yaml/nearest-name.ts";
import { expectedOf, unwrap } from "./fields.ts";
import { unknownKeyHint } from "./unknown-key-hints.ts";

/** What a tree is checked against. */
export interface Block<T> {
  /** How hints know it: `model`, `sampler`, `posterior`, …. */
  readonly name: string;
  readonly schema: z.ZodType<T>;
  /** Where a combination is refused whose key was not written: its value is a default. */
  readonly origin?: Located;
}

/**
 * Plain, complete value of a block.
 *
 * @param mistakes  takes what is wrong.
 * @returns null if something is wrong.
 */
export const validateBlock = <T>(block: Block<T>, node: LocatedMap, mistakes: Mistake[]): T | null => {
  const parsed = block.schema.safeParse(plainOf(node));
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues)
    for (const mistake of wordIssue(block, node, issue)) mistakes.push(mistake);
  return null;
};

const wordIssue = (block: Block<unknown>, root: LocatedMap, issue: z.core.$ZodIssue): Mistake[] => {
  const path = issue.path.filter((step): step is PathStep => typeof step !== "symbol");
  const { node, depth } = nearestNode(root, path);
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(fieldAt(block.schema, path));
    return wordKeys(issue.keys, (key) => unknownKey({ block: block.name, key, known }, node));
  }
  if (issue.code === "custom" && issue.message.startsWith("got ")) {
    const at = depth < path.length ? (block.origin ?? node) : node;
    const missing = path.slice(depth);
    return [{ place: at.place, path: joinPath(at.path, ...missing), text: issue.message }];
  }
  if (depth < path.length) {
    const text = `got no value; expected ${expectedOf(fieldAt(block.schema, path))}.`;
    return [{ place: node.place, path: joinPath(node.path, ...path.slice(depth)), text }];
  }
  return [wrongChoice(node, fieldAt(block.schema, path))];
};

/** A wrong value; of a closed list of names also the nearest one. */
const wrongChoice = (node: Located, schema: z.ZodType): Mistake => {
  const mistake = wrongValue(node, expectedOf(schema));
  const inner = unwrap(schema);
  if (!(inner instanceof z.ZodEnum) || node.kind !== "scalar" || typeof node.value !== "string")
    return mistake;
  return { ...mistake, text: mistake.text + suggestName(node.value, inner.options.map(String)) };
};

/** A key that a mapping does not have, with the known ones and what to do. */
export const unknownKey = (
  { block, key, known }: { readonly block: string; readonly key: string; readonly known: readonly string[] },
  parent: Located,
): Mistake => {
  const member = parent.kind === "map" ? parent.members.get(key) : undefined;
  const hint = unknownKeyHint(block, key);
  const advice = hint === undefined ? suggestName(key, known) : ` ${hint}`;
  return {
    place: member?.keyPlace ?? parent.place,
    path: member?.node.path ?? joinPath(parent.path, key),
    text: `got the unknown key ${quote(key)}; expected one of ${[...known].join(", ")}.${advice}`,
  };
};

/** Keys of an object schema. */
export const knownKeys = (schema: z.ZodType): readonly string[] => {
  const inner = unwrap(schema);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
};

/** The schema of the value at `path`; of a union the alternative that has such a child. */
const fieldAt = (schema: z.ZodType, path: readonly PathStep[]): z.ZodType => {
  let field = schema;
  for (const step of path) {
    const next = childOf(field, step);
    if (next === undefined) return field;
    field = next;
  }
  return field;
};

const childOf = (schema: z.ZodType, step: PathStep): z.ZodType | undefined => {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject) return inner.shape[step] as z.ZodType | undefined;
  if (inner instanceof z.ZodArray) return inner.element as z.ZodType;
  return undefined;
};

/** The mapping, or null with a mistake. */
export const requireMap = (node: Located, mistakes: Mistake[]): LocatedMap | null => {
  if (node.kind === "map") return node;
  mistakes.push({
    place: node.place,
    path: node.path,
    text: `got ${gotOf(node)}; expected a mapping of keys to values.`,
  });
  return null;
};
