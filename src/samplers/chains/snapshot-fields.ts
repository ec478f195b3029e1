/** Typed reads of a snapshot: a checkpoint of another version or shape is refused, never half used. */
import { SweepError } from "../../core/errors.ts";
import type { Snapshot } from "../sampler.ts";

const refuse = (name: string, expected: string, value: unknown): never => {
  const got =
    value === undefined
      ? "nothing"
      : value instanceof Float64Array
        ? `${value.length} numbers`
        : typeof value;
  throw new SweepError(
    "TRACE_INVALID",
    `checkpoint entry "${name}" holds ${got}; expected ${expected}. Remove the run's checkpoint to start it again.`,
  );
};

/** @throws TRACE_INVALID unless `snapshot[name]` is a number (NaN and ±∞ are numbers). */
export const numberIn = (snapshot: Snapshot, name: string): number => {
  const value = snapshot[name];
  return typeof value === "number" ? value : refuse(name, "a number", value);
};

/** @throws TRACE_INVALID unless `snapshot[name]` is a boolean. */
export const booleanIn = (snapshot: Snapshot, name: string): boolean => {
  const value = snapshot[name];
  return typeof value === "boolean" ? value : refuse(name, "true or false", value);
};

/** @throws TRACE_INVALID unless `snapshot[name]` is a text. */
export const textIn = (snapshot: Snapshot, name: string): string => {
  const value = snapshot[name];
  return typeof value === "string" ? value : refuse(name, "a text", value);
};

/** A copy that the caller owns. @throws TRACE_INVALID unless `snapshot[name]` is an array of `length` float64. */
export const arrayIn = (snapshot: Snapshot, name: string, length: number): Float64Array => {
  const value = snapshot[name];
  return value instanceof Float64Array && value.length === length
    ? value.slice()
    : refuse(name, `${length} numbers`, value);
};

/** Sentences as one snapshot entry; `sentencesIn` reads them back. Sentences hold no line break. */
export const sentencesEntry = (sentences: readonly string[]): string => sentences.join("\n");

/** @throws TRACE_INVALID unless `snapshot[name]` is a text. */
export const sentencesIn = (snapshot: Snapshot, name: string): string[] =>
  textIn(snapshot, name)
    .split("\n")
    .filter((sentence) => sentence !== "");
