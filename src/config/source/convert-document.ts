/**
 * A parsed YAML document → located tree, with aliases copied and merge keys applied.
 */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
  visit,
  type YAMLMap,
} from "yaml";
import { joinPath, type Located, type LocatedMap, type LocatedMember, type Place } from "./located.ts";
import { type Mistake, quote, wrongValue } from "./mistakes.ts";

/** Most values that aliases may copy in one file. */
const maxCopied = 100_000;

interface Conversion {
  readonly place: (offset: number) => Place;
  readonly mistakes: Mistake[];
  readonly targets: ReadonlyMap<Alias, Node | undefined>;
  /** Anchored nodes that are being copied; an alias to one of them contains itself. */
  readonly open: Set<Node>;
  copied: number;
}

/** The mapping of a document, or null (with a mistake) if it holds something else. */
export const convertDocument = (
  document: Document.Parsed,
  place: (offset: number) => Place,
  mistakes: Mistake[],
): LocatedMap | null => {
  const conversion: Conversion = {
    place,
    mistakes,
    targets: aliasTargets(document),
    open: new Set(),
    copied: 0,
  };
  const contents = document.contents as Node | null;
  if (contents === null || (isScalar(contents) && contents.value === null)) {
    const text = "got an empty file; expected a mapping of keys to values.";
    mistakes.push({ place: place(0), path: "", text });
    return null;
  }
  const root = convertNode(conversion, contents, "");
  if (root === null) return null;
  if (root.kind === "map") return root;
  mistakes.push(wrongValue(root, "a mapping of keys to values"));
  return null;
};

/** Each alias with the anchored node before it; linear, where the library's `resolve` scans the document each time. */
const aliasTargets = (document: Document.Parsed): Map<Alias, Node | undefined> => {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node | undefined>();
  visit(document, {
    Node: (_, node) => {
      if (isAlias(node)) targets.set(node, anchors.get(node.source));
      else if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
};

/** Null (with a mistake) where the node cannot be used. */
const convertNode = (conversion: Conversion, node: Node, path: string): Located | null => {
  const place = conversion.place(node.range?.[0] ?? 0);
  if (conversion.open.size > 0) conversion.copied += 1;
  if (conversion.copied > maxCopied) return null;
  if (isAlias(node)) return convertAlias(conversion, node, path);
  if (isMap(node)) return convertMap(conversion, node, path);
  if (isSeq(node)) {
    const items = node.items.map((item, index) => convertChild(conversion, item, joinPath(path, index)));
    return { kind: "list", place, path, items: items.filter((item) => item !== null) };
  }
  return convertScalar(conversion, node as Scalar, path);
};

const convertChild = (conversion: Conversion, child: unknown, path: string): Located | null => {
  if (isNode(child)) return convertNode(conversion, child, path);
  // A pair inside a list (`[a: 1]`) or a key without a value; both have no node of their own.
  return { kind: "scalar", place: conversion.place(0), path, value: null, text: "null" };
};

const convertScalar = (conversion: Conversion, node: Scalar, path: string): Located | null => {
  const place = conversion.place(node.range?.[0] ?? 0);
  const { value } = node;
  const isPlain = value === null || ["string", "number", "boolean"].includes(typeof value);
  if (isPlain && !(typeof value === "string" && value.includes("${"))) {
    const text = typeof value === "number" && node.source !== undefined ? node.source : String(value);
    return { kind: "scalar", place, path, value: value as string | number | boolean | null, text };
  }
  const got = isPlain ? `the interpolation ${quote(String(value))}` : `a value of type ${typeOf(value)}`;
  conversion.mistakes.push({
    place,
    path,
    text: `got ${got}; expected a text, number, true, false or null.`,
  });
  return null;
};

const typeOf = (value: unknown): string =>
  value instanceof Date ? "date" : (value?.constructor?.name ?? typeof value);

const convertAlias = (conversion: Conversion, alias: Alias, path: string): Located | null => {
  const place = conversion.place(alias.range?.[0] ?? 0);
  const refuse = (text: string): null => {
    conversion.mistakes.push({ place, path, text });
    return null;
  };
  const target = conversion.targets.get(alias);
  if (target === undefined) return refuse(`got *${alias.source}; expected the name of an anchor (&) above.`);
  if (conversion.open.has(target)) {
    return refuse(`got *${alias.source} inside &${alias.source}; expected an alias outside its anchor.`);
  }
  conversion.open.add(target);
  const node = convertNode(conversion, target, path);
  conversion.open.delete(target);
  if (conversion.copied <= maxCopied) return node;
  if (conversion.open.size > 0) return null;
  return refuse(`got aliases that copy more than ${maxCopied.toLocaleString("en")} values; expected fewer.`);
};

const convertMap = (conversion: Conversion, node: YAMLMap, path: string): LocatedMap => {
  const members = new Map<string, LocatedMember>();
  const merged: LocatedMap[] = [];
  const place = conversion.place(node.range?.[0] ?? 0);
  for (const pair of node.items as Pair<Node, Node | null>[]) {
    const keyPlace = conversion.place(pair.key.range?.[0] ?? 0);
    const key = isScalar(pair.key) ? pair.key.value : undefined;
    if (isMergeKey(pair.key)) {
      merged.push(...mergeSources(conversion, pair, path));
    } else if (typeof key !== "string" || key === "__proto__") {
      const got = isScalar(pair.key) ? String(pair.key.value) : "a collection";
      conversion.mistakes.push({
        place: keyPlace,
        path,
        text: `got the key ${quote(got)}; expected a name as key.`,
      });
    } else if (members.has(key)) {
      const text = "got the key a second time; expected each key once. Remove one of the two.";
      conversion.mistakes.push({ place: keyPlace, path: joinPath(path, key), text });
    } else {
      const child = convertValue(conversion, pair, joinPath(path, key));
      if (child !== null) members.set(key, { keyPlace, node: child });
    }
  }
  for (const source of merged) {
    for (const [key, member] of source.members) if (!members.has(key)) members.set(key, member);
  }
  return { kind: "map", place, path, members };
};

/** The value of a pair; a key without a value is null at the place of its key. */
const convertValue = (
  conversion: Conversion,
  pair: Pair<Node, Node | null>,
  path: string,
): Located | null => {
  if (isNode(pair.value)) return convertNode(conversion, pair.value, path);
  return {
    kind: "scalar",
    place: conversion.place(pair.key.range?.[0] ?? 0),
    path,
    value: null,
    text: "null",
  };
};

/** With the option `merge` the library turns a plain `<<` into a symbol-like key; its source stays. */
const isMergeKey = (key: unknown): boolean =>
  isScalar(key) && (key.value === "<<" || typeof key.value === "symbol") && key.type === "PLAIN";

/** The mappings that `<<` names, nearest first; keys of an earlier one win. */
const mergeSources = (conversion: Conversion, pair: Pair<Node, Node | null>, path: string): LocatedMap[] => {
  const value = convertValue(conversion, pair, path);
  if (value === null) return [];
  const sources = value.kind === "list" ? value.items : [value];
  const maps = sources.filter((source) => source.kind === "map");
  if (maps.length < sources.length) {
    const place = conversion.place(pair.key.range?.[0] ?? 0);
    const text =
      "got something else than mappings after <<; expected an alias (*name) of a mapping, or a list of them.";
    conversion.mistakes.push({ place, path: joinPath(path, "<<"), text });
  }
  return maps;
};
