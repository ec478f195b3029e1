/**
 * One entry of the experiment file → the entries that its lists and ranges stand for.
 *
 * A list where a single value belongs expands; where the value is a list by nature (`widths`), a list of lists does.
 * `42..46` among seeds is 42, 43, 44, 45, 46. The order never depends on the order of keys in the file: the first of
 * model, data, teacher (name, preset, precision), training, posterior, sampling, overrides changes slowest, `seed`
 * fastest; inside a block the keys as they are written.
 */
import {
  joinPath,
  type Located,
  type LocatedList,
  type LocatedMap,
  type PathStep,
  scalarAt,
  withMember,
} from "../core/yaml/located.ts";
import { type Mistake, wrongValue } from "../core/yaml/mistakes.ts";

/** Most entries that one entry may stand for. */
export const maxExpanded = 10_000;

/** Which keys of an entry expand, and how. */
export interface ExpansionRules {
  /** Keys of the entry, slowest first. */
  readonly order: readonly string[];
  /** Keys whose values are mappings; inside them every scalar key may have a list. */
  readonly blocks: readonly string[];
  /** Keys that are lists by nature. */
  readonly listKeys: ReadonlySet<string>;
}

/**
 * Entries that `entry` stands for, in their documented order.
 *
 * @param mistakes  takes empty lists, wrong ranges, and expansions past 10,000 entries.
 */
export const expandEntry = (entry: LocatedMap, rules: ExpansionRules, mistakes: Mistake[]): LocatedMap[] => {
  const withRanges = expandRanges(entry, mistakes);
  const expanded: LocatedMap[] = [];
  const pending = [withRanges];
  while (pending.length > 0) {
    const current = pending.pop() as LocatedMap;
    const axis = firstAxis(current, rules);
    if (axis === null) {
      expanded.push(current);
    } else if (axis.list.items.length === 0) {
      mistakes.push(wrongValue(axis.list, "at least one value"));
    } else {
      // The stack gives back what was pushed last, so the items go on in reverse; one too many is refused below.
      for (const item of axis.list.items.slice(0, maxExpanded + 1).reverse())
        pending.push(replaceAt(current, axis.path, item) as LocatedMap);
    }
    if (expanded.length + pending.length > maxExpanded) {
      const text = `got lists that stand for more than ${maxExpanded.toLocaleString("en")} entries; expected fewer. Split the file.`;
      mistakes.push({ place: entry.place, path: entry.path, text });
      return [];
    }
  }
  return expanded;
};

interface Axis {
  readonly path: readonly string[];
  readonly list: LocatedList;
}

const firstAxis = (entry: LocatedMap, rules: ExpansionRules): Axis | null => {
  for (const key of rules.order) {
    const node = entry.members.get(key)?.node;
    if (node === undefined) continue;
    if (node.kind === "list") return { path: [key], list: node };
    if (node.kind === "map" && rules.blocks.includes(key)) {
      const axis = firstAxisIn(node, rules, [key]);
      if (axis !== null) return axis;
    }
  }
  return null;
};

const firstAxisIn = (map: LocatedMap, rules: ExpansionRules, path: readonly string[]): Axis | null => {
  for (const [key, { node }] of map.members) {
    const here = [...path, key];
    if (node.kind === "map") {
      const axis = firstAxisIn(node, rules, here);
      if (axis !== null) return axis;
    }
    if (node.kind === "list" && (!rules.listKeys.has(key) || hasLists(node)))
      return { path: here, list: node };
  }
  return null;
};

const hasLists = (list: LocatedList): boolean => list.items.some((item) => item.kind === "list");

const replaceAt = (node: Located, path: readonly PathStep[], value: Located): Located => {
  const [step, ...rest] = path;
  if (step === undefined || node.kind !== "map") return value;
  const child = node.members.get(String(step))?.node;
  return child === undefined ? node : withMember(node, String(step), replaceAt(child, rest, value));
};

/** Ranges among the seeds of an entry → lists of seeds. */
const expandRanges = (entry: LocatedMap, mistakes: Mistake[]): LocatedMap => {
  const node = entry.members.get("seed")?.node;
  if (node === undefined) return entry;
  if (node.kind !== "list") return withMember(entry, "seed", rangeOf(node, mistakes) ?? node);
  const items = node.items.flatMap((item) => rangeOf(item, mistakes)?.items ?? [item]);
  return withMember(entry, "seed", { ...node, items });
};

/** `42..46` → 42, 43, 44, 45, 46; null for anything else. */
const rangeOf = (node: Located, mistakes: Mistake[]): LocatedList | null => {
  if (node.kind !== "scalar" || typeof node.value !== "string") return null;
  const [, first, last] = /^\s*(\d{1,16})\s*\.\.\s*(\d{1,16})\s*$/.exec(node.value) ?? [];
  if (first === undefined || last === undefined) return null;
  const low = Number(first);
  const high = Number(last);
  const count = high - low + 1;
  if (count < 1 || count > maxExpanded || !Number.isSafeInteger(high)) {
    const expected = `a range from a smaller to a larger seed, with at most ${maxExpanded.toLocaleString("en")} seeds`;
    mistakes.push(wrongValue(node, expected));
    return { kind: "list", place: node.place, path: node.path, items: [scalarAt(node, low)] };
  }
  const items = Array.from({ length: count }, (_, index) => scalarAt(node, low + index));
  return { kind: "list", place: node.place, path: joinPath(node.path), items };
};
