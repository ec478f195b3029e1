/**
 * `snake_case` (YAML, JSON, Parquet) → `camelCase` (TypeScript), in values and in types.
 *
 * Single capital letters (`M`, `L`) are the field's own names and stay as they are.
 */

type CamelWord<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelWord<Tail>>}`
  : S;

/** `T` with every key, at any depth, in camelCase. */
export type CamelKeys<T> = T extends readonly (infer Item)[]
  ? readonly CamelKeys<Item>[]
  : T extends object
    ? { readonly [Key in keyof T as Key extends string ? CamelWord<Key> : Key]: CamelKeys<T[Key]> }
    : T;

const camelWord = (word: string): string =>
  word.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** Copies plain data with every key in camelCase. */
export const camelKeys = <T>(value: T): CamelKeys<T> => {
  if (Array.isArray(value)) return value.map(camelKeys) as CamelKeys<T>;
  if (value === null || typeof value !== "object") return value as CamelKeys<T>;
  const entries = Object.entries(value).map(([key, member]) => [camelWord(key), camelKeys(member)]);
  return Object.fromEntries(entries) as CamelKeys<T>;
};

const snakeWord = (word: string): string =>
  word.length === 1 ? word : word.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Copies plain data with every key in snake_case; typed arrays are kept as they are. The way to JSON files. */
export const snakeKeys = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(snakeKeys);
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [snakeWord(key), snakeKeys(member)]),
  );
};
