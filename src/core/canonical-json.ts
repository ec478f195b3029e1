/**
 * Canonical JSON and content hashes: equal values give equal text, whatever the order of keys.
 *
 * Numbers print as JavaScript prints them (shortest text that reads back as the same double), so `1e-6` and
 * `0.000001` in a YAML file hash alike. `undefined` members are left out; NaN and infinities are refused.
 */
import { createHash } from "node:crypto";

/** What can be written as JSON. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/** Value → JSON text with sorted keys and no white space. @throws bug on NaN or ±∞. */
export const canonicalJson = (value: Json): string => {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new Error(`bug: ${value} has no canonical JSON`);
    return JSON.stringify(value);
  }
  if (isJsonArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const members = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] as Json)}`);
  return `{${members.join(",")}}`;
};

const isJsonArray = (value: Json): value is readonly Json[] => Array.isArray(value);

/** First `length` hex digits of the SHA-256 of the canonical JSON of `value`. */
export const contentHash = (value: Json, length: number): string =>
  createHash("sha256").update(canonicalJson(value)).digest("hex").slice(0, length);
