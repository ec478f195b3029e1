/**
 * `--set path=value`: writes one value into the tree of a file before anything is checked.
 *
 * The path is dotted, list items by index (`targets.0.seed`, `samplers[1].overrides.step_size`). The value is YAML, so
 * `1e-6` is a number, `[1, 2]` a list, `null` nothing. A key that does not exist is then found by the same check, with
 * the same nearest names, as in the file.
 */
import { SweepError } from "../errors.ts";
import { hidePasswords } from "../url-password.ts";
import {
  emptyMapAt,
  isNull,
  joinPath,
  type Located,
  type LocatedList,
  type LocatedMap,
  type Place,
  scalarAt,
  withMember,
} from "./located.ts";
import { gotOf, type Mistake, quote } from "./mistakes.ts";
import { parseYaml } from "./read-yaml.ts";

/** How values are written, and what takes the mistakes. */
export interface SetRules {
  /** Takes paths that lead nowhere and values that are not YAML. */
  readonly mistakes: Mistake[];
  /** Keys whose mapping may be written as the name of a preset; setting a key inside keeps the preset below it. */
  readonly presetBlocks: readonly string[];
  /** A complete `--set` for messages. */
  readonly example: string;
  /** What stood before each path on the command line (`card.`), for messages. */
  readonly prefix: string;
}

/**
 * Copy of `root` with every `path=value` written into it, in order.
 *
 * @throws USAGE for a text without `=` or without a path.
 */
export const setValues = (root: LocatedMap, sets: readonly string[], rules: SetRules): LocatedMap =>
  sets.reduce((tree, set) => setValue(tree, set, rules), root);

const setValue = (root: LocatedMap, set: string, rules: SetRules): LocatedMap => {
  const { mistakes, presetBlocks } = rules;
  const shown = hidePasswords(rules.prefix + set);
  const [, dotted, text = ""] = /^([^=]+)=(.*)$/s.exec(set) ?? [];
  if (dotted === undefined) {
    throw new SweepError(
      "USAGE",
      `--set got ${quote(shown)}; expected path=value, for example --set ${rules.example}.`,
    );
  }
  const steps = dotted
    .trim()
    .replace(/\[(\d+)\]/g, ".$1")
    .split(".");
  const place: Place = {
    file: `--set ${shown.length > 120 ? `${shown.slice(0, 117)}...` : shown}`,
    line: 0,
    column: 0,
  };
  const path = steps.join(".");
  const value = parseValue(text, { place, path }, mistakes);
  if (value === null) return root;
  const problem = (text: string): void => void mistakes.push({ place, path, text });
  return (writeAt(root, { steps, value, presetBlocks, problem }) ?? root) as LocatedMap;
};

/** The value as a tree whose every node lies at the `--set`. */
const parseValue = (
  text: string,
  origin: { place: Place; path: string },
  mistakes: Mistake[],
): Located | null => {
  const found: Mistake[] = [];
  const holder = parseYaml(`value: ${text.includes("\n") ? `\n${text}` : text}`, origin.place.file, found);
  if (found.length > 0 || holder === null || holder.members.size !== 1) {
    const reason = found[0]?.text.replace(/; expected.*$/s, "") ?? "got more than one value";
    const what = `${reason.replace(/\.$/, "")}; expected a YAML value, in quotes if it is a text with signs.`;
    mistakes.push({ ...origin, text: what });
    return null;
  }
  const value = holder.members.get("value")?.node as Located;
  return relocate(value, origin.place, origin.path);
};

const relocate = (node: Located, place: Place, path: string): Located => {
  if (node.kind === "scalar") return { ...node, place, path };
  if (node.kind === "list") {
    return {
      ...node,
      place,
      path,
      items: node.items.map((item, index) => relocate(item, place, joinPath(path, index))),
    };
  }
  const members = [...node.members].map(
    ([key, member]) =>
      [key, { keyPlace: place, node: relocate(member.node, place, joinPath(path, key)) }] as const,
  );
  return { ...node, place, path, members: new Map(members) };
};

interface Write {
  readonly steps: readonly string[];
  readonly value: Located;
  readonly presetBlocks: readonly string[];
  problem(text: string): void;
}

/** Copy of `node` with the value written at the remaining steps, or null after a problem. */
const writeAt = (node: Located | undefined, write: Write): Located | null => {
  const [step, ...rest] = write.steps;
  if (step === undefined) return write.value;
  const inner = { ...write, steps: rest };
  if (step === "") {
    write.problem("got an empty step in the path; expected names or indices between dots.");
    return null;
  }
  if (node === undefined || isNull(node)) return writeMember(emptyMapAt(node ?? write.value), step, inner);
  if (node.kind === "map") return writeMember(node, step, inner);
  if (node.kind === "list") return writeItem(node, step, inner);
  write.problem(
    `got a path through ${gotOf(node)} at "${node.path}"; expected a path through mappings and lists.`,
  );
  return null;
};

const writeMember = (map: LocatedMap, step: string, write: Write): Located | null => {
  const member = map.members.get(step);
  const child = writeAt(presetAsBlock(step, member?.node, write), write);
  if (child === null) return null;
  const keyPlace = member?.keyPlace ?? write.value.place;
  return { ...map, members: new Map(map.members).set(step, { keyPlace, node: child }) };
};

/** `posterior: tight` → `posterior: { preset: tight }` where a key inside is set. */
const presetAsBlock = (key: string, node: Located | undefined, write: Write): Located | undefined => {
  const isName = node?.kind === "scalar" && typeof node.value === "string";
  if (!isName || write.steps.length === 0 || !write.presetBlocks.includes(key)) return node;
  return withMember(emptyMapAt(node), "preset", scalarAt(node, node.value));
};

const writeItem = (list: LocatedList, step: string, write: Write): Located | null => {
  const index = Number(step);
  if (!/^\d+$/.test(step) || index >= list.items.length) {
    const last = list.items.length - 1;
    const expected = last < 0 ? "no index, because the list is empty" : `an index from 0 to ${last}`;
    write.problem(`got "${step}" in the list "${list.path}"; expected ${expected}.`);
    return null;
  }
  const item = writeAt(list.items[index], write);
  return item === null ? null : { ...list, items: list.items.with(index, item) };
};
