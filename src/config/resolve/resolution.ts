/** What every step of resolving an experiment shares, and how blocks that may name presets become layers. */

import { type Located, type LocatedMap, memberOf, withoutMembers } from "../../core/yaml/located.ts";
import { type Mistake, wrongValue } from "../../core/yaml/mistakes.ts";
import type { PresetKind, PresetShelf } from "../presets.ts";

/** The presets at hand and the mistakes so far. */
export interface Resolution {
  readonly shelf: PresetShelf;
  readonly mistakes: Mistake[];
}

/**
 * Layers of a `training:` or `posterior:` value, lowest first: the name of a preset, keys, or keys with `preset:`.
 * Undefined gives none.
 */
export const layersOf = (
  resolution: Resolution,
  kind: PresetKind,
  node: Located | undefined,
): LocatedMap[] => {
  if (node === undefined) return [];
  if (node.kind === "scalar" && typeof node.value === "string") return presetLayers(resolution, kind, node);
  if (node.kind !== "map") {
    resolution.mistakes.push(wrongValue(node, "a mapping of keys to values, or the name of a preset"));
    return [];
  }
  const preset = memberOf(node, "preset");
  const own = withoutMembers(node, ["preset"]);
  return preset === undefined ? [own] : [...presetLayers(resolution, kind, preset), own];
};

/** The preset that a node names, as a layer; none (with a mistake) if it does not exist. */
export const presetLayers = (resolution: Resolution, kind: PresetKind, node: Located): LocatedMap[] => {
  if (node.kind !== "scalar" || typeof node.value !== "string") {
    resolution.mistakes.push(wrongValue(node, "the name of a preset"));
    return [];
  }
  const preset = resolution.shelf.load(kind, node.value, node);
  return preset === null ? [] : [preset];
};

/** A member that must be a mapping; undefined if absent, null, or (with a mistake) something else. */
export const blockOf = (resolution: Resolution, map: LocatedMap, key: string): LocatedMap | undefined => {
  const node = memberOf(map, key);
  if (node === undefined || node.kind === "map") return node;
  resolution.mistakes.push(wrongValue(node, "a mapping of keys to values"));
  return undefined;
};
