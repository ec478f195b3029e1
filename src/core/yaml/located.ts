/**
 * A YAML value that remembers where it was written, and the layering of such values.
 *
 * Presets, the experiment file and `--set` are merged as located trees, so a mistake that only shows in the merged
 * result still points at the line (of whichever file) that decided it. Trees are never changed in place.
 */

/** A position in a file; `line` 0 means that `file` has no lines (a `--set` on the command line). */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

interface LocatedBase {
  readonly place: Place;
  /** Dotted path in the document it was written in; empty for the root. */
  readonly path: string;
}

export interface LocatedScalar extends LocatedBase {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
  /** As written, for messages: `1e-6` stays `1e-6`. */
  readonly text: string;
}

export interface LocatedList extends LocatedBase {
  readonly kind: "list";
  readonly items: readonly Located[];
}

export interface LocatedMap extends LocatedBase {
  readonly kind: "map";
  readonly members: ReadonlyMap<string, LocatedMember>;
}

/** A key of a mapping with its value. */
export interface LocatedMember {
  readonly keyPlace: Place;
  readonly node: Located;
}

export type Located = LocatedScalar | LocatedList | LocatedMap;

/** Step of a path: a key of a mapping or an index of a list. */
export type PathStep = string | number;

/** Plain JavaScript value of a tree. */
export const plainOf = (node: Located): unknown => {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(plainOf);
  return Object.fromEntries([...node.members].map(([key, member]) => [key, plainOf(member.node)]));
};

/** Value of `key`, or undefined. A key without a value (`overrides:`) counts as absent. */
export const memberOf = (map: LocatedMap, key: string): Located | undefined => {
  const node = map.members.get(key)?.node;
  return node === undefined || isNull(node) ? undefined : node;
};

/** True for an explicit null. */
export const isNull = (node: Located): boolean => node.kind === "scalar" && node.value === null;

/** True if `key` is there with a value other than null. */
export const hasValue = (map: LocatedMap, key: string): boolean => memberOf(map, key) !== undefined;

/** The deepest node on `path`, and how many steps of the path it covers. */
export const nearestNode = (
  root: Located,
  path: readonly PathStep[],
): { readonly node: Located; readonly depth: number } => {
  let node = root;
  for (const [depth, step] of path.entries()) {
    const next =
      node.kind === "map"
        ? node.members.get(String(step))?.node
        : node.kind === "list"
          ? node.items[Number(step)]
          : undefined;
    if (next === undefined) return { node, depth };
    node = next;
  }
  return { node, depth: path.length };
};

/** `path` and further steps, dotted. */
export const joinPath = (path: string, ...steps: readonly PathStep[]): string =>
  [...(path === "" ? [] : [path]), ...steps.map(String)].join(".");

/** Copy of `map` with `key` set. */
export const withMember = (map: LocatedMap, key: string, node: Located): LocatedMap => {
  const keyPlace = map.members.get(key)?.keyPlace ?? node.place;
  return { ...map, members: new Map(map.members).set(key, { keyPlace, node }) };
};

/** Copy of `map` without `keys`. */
export const withoutMembers = (map: LocatedMap, keys: readonly string[]): LocatedMap => {
  const members = new Map(map.members);
  for (const key of keys) members.delete(key);
  return { ...map, members };
};

/** An empty mapping at the place of `origin`. */
export const emptyMapAt = (origin: LocatedBase): LocatedMap => ({
  kind: "map",
  place: origin.place,
  path: origin.path,
  members: new Map(),
});

/** A scalar at the place (and under the path) of `origin`, for values that are derived from it. */
export const scalarAt = (origin: LocatedBase, value: LocatedScalar["value"]): LocatedScalar => ({
  kind: "scalar",
  place: origin.place,
  path: origin.path,
  value,
  text: String(value),
});

/** `over` laid on `base`: mappings merge key by key, everything else replaces. The place of a mapping is its base's. */
export const mergeMaps = (base: LocatedMap, over: LocatedMap): LocatedMap => {
  const members = new Map(base.members);
  for (const [key, member] of over.members) {
    const below = base.members.get(key)?.node;
    const merges = below?.kind === "map" && member.node.kind === "map";
    members.set(key, merges ? { ...member, node: mergeMaps(below, member.node as LocatedMap) } : member);
  }
  return { ...base, members };
};
