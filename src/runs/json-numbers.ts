/** JSON has no NaN: data for JSON files with `null` in its place, typed arrays as lists. */
import type { Json } from "../core/canonical-json.ts";

/** Copies plain data; NaN and ±∞ become null, typed arrays become lists, undefined members are left out. */
export const jsonNumbers = (value: unknown): Json => {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map(jsonNumbers);
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>, jsonNumbers);
  if (typeof value !== "object") throw new Error(`bug: a ${typeof value} has no JSON`);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, jsonNumbers(member)]));
};
