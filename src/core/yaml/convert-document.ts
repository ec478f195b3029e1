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
  /** True once a value could not be kept; the rest would then be checked against the wrong tree. */
  hasLost: boolean;
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
    hasLost: false,
  };
  const contents = document.contents as Node | null;
  if (contents === null || (isScalar(contents) && contents.value === null)) {
    const text = "got an empty file; expected a mapping of keys to values.";
    mistakes.push({ place: place(0), path: "", text });
    return null;
  }
  const root = convertNode(conversion, contents, "");
  if (root === null || conversion.hasLost) return null;
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

const placeOf = (conversion: Conversion, node: Node): Place => conversion.place(node.range?.[0] ?? 0);

/** Null (with a mistake) where the node cannot be used. */
const convertNode = (conversion: Conversion, node: Node, path: string): Located | null => {
  const place = placeOf(conversion, node);
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

const lose = (conversion: Conversion, mistake: Mistake): null => {
  conversion.mistakes.push(mistake);
  conversion.hasLost = true;
  return null;
};

const convertChild = (conversion: Conversion, child: unknown, path: string): Located | null => {
  if (isNode(child)) return convertNode(conversion, child, path);
  // A pair inside a list (`[a: 1]`) or a key without a value; both have no node of their own.
  return { kind: "scalar", place: conversion.place(0), path, value: null, text: "null" };
};

const convertScalar = (conversion: Conversion, node: Scalar, path: string): Located | null => {
  const place = placeOf(conversion, node);
  const value = plainScalar(node.value);
  if (value === undefined || (typeof value === "string" && value.includes("${"))) {
    const got = typeof value === "string" ? `the interpolation ${quote(value)}` : "a value of another type";
    return lose(conversion, {
      place,
      path,
      text: `got ${got}; expected a text, number, true, false or null.`,
    });
  }
  const text = typeof value === "number" && node.source !== undefined ? node.source : String(value);
  return { kind: "scalar", place, path, value, text };
};

/** Undefined for what YAML 1.1 and tags can make besides (dates, bytes). */
const plainScalar = (value: unknown): string | number | boolean | null | undefined => {
  const isPlain = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  return value === null || isPlain ? value : undefined;
};

const convertAlias = (conversion: Conversion, alias: Alias, path: string): Located | null => {
  const place = placeOf(conversion, alias);
  const refuse = (text: string): null => lose(conversion, { place, path, text });
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
  for (const pair of node.items as Pair<Node, Node | null>[]) {
    if (isMergeKey(pair.key)) {
      for (const source of mergeSources(conversion, pair, path)) merged.push(source);
      continue;
    }
    const keyPlace = placeOf(conversion, pair.key);
    const key = keyOf(conversion, pair.key, { path, members });
    const child = key === null ? null : convertValue(conversion, pair, joinPath(path, key));
    if (key !== null && child !== null) members.set(key, { keyPlace, node: child });
  }
  // What the map writes itself wins over what it merges in, and an earlier source over a later one.
  const below = merged.toReversed().flatMap((source) => [...source.members]);
  return { kind: "map", place: placeOf(conversion, node), path, members: new Map([...below, ...members]) };
};

/** The name of a member; null with a mistake for what is no name or is there already. */
const keyOf = (
  conversion: Conversion,
  node: Node,
  map: { readonly path: string; readonly members: ReadonlyMap<string, LocatedMember> },
): string | null => {
  const place = placeOf(conversion, node);
  const key: unknown = isScalar(node) ? node.value : undefined;
  if (typeof key !== "string" || key === "__proto__") {
    const got = isScalar(node)
      ? `the key ${quote(String(node.source ?? node.value))}`
      : "a collection as key";
    conversion.mistakes.push({
      place,
      path: map.path,
      text: `got ${got}; expected a name, in quotes if need be.`,
    });
    return null;
  }
  if (!map.members.has(key)) return key;
  const text = "got the key a second time; expected each key once. Remove one of the two.";
  conversion.mistakes.push({ place, path: joinPath(map.path, key), text });
  return null;
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
    place: placeOf(conversion, pair.key),
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
    const place = placeOf(conversion, pair.key);
    const text =
      "got something else than mappings after <<; expected an alias (*name) of a mapping, or a list of them.";
    conversion.mistakes.push({ place, path: joinPath(path, "<<"), text });
  }
  return maps;
};
