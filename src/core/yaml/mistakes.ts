/**
 * What is wrong in a file, collected while it is read, so that all of it is reported at once.
 */
import { SweepError } from "../errors.ts";
import { hidePasswords } from "../url-password.ts";
import type { Located, Place } from "./located.ts";

/** One mistake. Printed as `file:line:column  path: text`. */
export interface Mistake {
  readonly place: Place;
  /** Dotted path in the file that `place` names; empty for the whole file. */
  readonly path: string;
  /** `got …; expected ….`, and what to do where that is not obvious. */
  readonly text: string;
}

/** Most mistakes that one message lists, and that its details hold. */
const maxListed = 50;
const maxInDetails = 1000;

/** A mistake about the value of `node`. */
export const wrongValue = (node: Located, expected: string): Mistake => ({
  place: node.place,
  path: node.path,
  text: `got ${gotOf(node)}; expected ${expected}.`,
});

/** One mistake for each unknown key; past the thousandth, which nobody reads, one for all the rest. */
export const wordKeys = (keys: readonly string[], word: (key: string) => Mistake): Mistake[] => {
  const worded = keys.slice(0, maxInDetails).map(word);
  const next = keys[maxInDetails];
  if (next === undefined) return worded;
  const text = `got ${keys.length - maxInDetails} unknown keys more; expected none of them.`;
  return [...worded, { ...word(next), text }];
};

/** A value as a message shows it: scalars as written, texts in quotes, collections by kind and size. */
export const gotOf = (node: Located): string => {
  if (node.kind === "map") return node.members.size === 0 ? "an empty mapping" : "a mapping";
  if (node.kind === "list")
    return node.items.length === 0 ? "an empty list" : `a list of ${node.items.length}`;
  return typeof node.value === "string" ? quote(node.value) : node.text;
};

/** Text in quotes, passwords hidden, control characters escaped, shortened to 60 characters. */
export const quote = (text: string): string => {
  const shown = hidePasswords(text);
  return JSON.stringify(shown.length > 60 ? `${shown.slice(0, 57)}...` : shown);
};

/** `file:line:column`, or the name alone for what has no lines. */
export const formatPlace = ({ file, line, column }: Place): string =>
  line === 0 ? file : `${file}:${line}:${column}`;

const formatMistake = ({ place, path, text }: Mistake): string =>
  `${formatPlace(place)}  ${path === "" ? "(root)" : path}: ${text}`;

/**
 * Does nothing if the list is empty.
 *
 * @param subject  the file that the user asked for; its mistakes come first.
 * @throws CONFIG_INVALID, one line a mistake, in the order of the files; `details.mistakes` has the lines.
 */
export const throwMistakes = (subject: string, mistakes: readonly Mistake[]): void => {
  if (mistakes.length === 0) return;
  const rank = (file: string): string => (file === subject ? "" : file);
  const sorted = [...mistakes].sort(
    (a, b) =>
      compareText(rank(a.place.file), rank(b.place.file)) ||
      a.place.line - b.place.line ||
      a.place.column - b.place.column,
  );
  const lines = [...new Set(sorted.map(formatMistake))];
  const listed = lines.slice(0, maxListed);
  if (lines.length > listed.length) listed.push(`... and ${lines.length - listed.length} more`);
  const count = lines.length === 1 ? "1 mistake" : `${lines.length} mistakes`;
  throw new SweepError("CONFIG_INVALID", `${count} in ${subject}\n  ${listed.join("\n  ")}`, {
    details: { file: subject, mistakes: lines.slice(0, maxInDetails) },
  });
};

const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
