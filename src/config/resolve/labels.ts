/** Names of targets and samplers for people: what their entry says, short. */
import { canonicalJson, type Json } from "../../core/canonical-json.ts";
import { type Located, type LocatedMap, plainOf } from "../../core/yaml/located.ts";

/** Most settings that a label spells out. */
const maxSettings = 4;

/** `head` and the settings that the entry's own blocks make: `base/base seed 42 depth=8 activation=gelu`. */
export const labelOf = (head: string, entry: LocatedMap): string => {
  const settings = ["preset", "precision", "training", "posterior", "sampling", "overrides"].flatMap(
    (key) => {
      const node = entry.members.get(key)?.node;
      return node === undefined ? [] : settingsIn(node, key);
    },
  );
  const shown = settings.slice(0, maxSettings);
  const more = settings.length - shown.length;
  return [head, ...shown, ...(more > 0 ? [`+${more}`] : [])].join(" ");
};

const settingsIn = (node: Located, key: string): string[] => {
  if (node.kind === "map")
    return [...node.members].flatMap(([inner, member]) => settingsIn(member.node, inner));
  if (node.kind === "list") return [`${key}=${JSON.stringify(plainOf(node))}`];
  return node.value === null ? [] : [`${key}=${node.text}`];
};

/** Adds ` (2)`, ` (3)`, … where different things would have the same label; equal things keep one. */
export const uniqueLabels = <T extends { readonly label: string }>(
  items: readonly T[],
  contentOf: (item: T) => Json,
): T[] => {
  const seen = new Map<string, string[]>();
  return items.map((item) => {
    const contents = seen.get(item.label) ?? [];
    seen.set(item.label, contents);
    const content = canonicalJson(contentOf(item));
    if (!contents.includes(content)) contents.push(content);
    const index = contents.indexOf(content);
    return index === 0 ? item : { ...item, label: `${item.label} (${index + 1})` };
  });
};
