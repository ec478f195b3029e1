/**
 * Fields that cards of several types share. The message of every field is what is expected there; `load-card.ts` makes
 * the sentence around it.
 */
import { z } from "zod";
import { type TaskClass, taskClasses } from "../core/task-class.ts";
import { parseMemoryMiB } from "./memory.ts";
import { parseWalltime } from "./walltime.ts";

export const mapping = { error: "a mapping of keys to values" };

export const wholeNumber = (min: number): z.ZodType<number> =>
  z.custom<number>(
    (value) => Number.isInteger(value) && (value as number) >= min,
    `a whole number >= ${min}`,
  );

export const numberFrom = (min: number): z.ZodType<number> =>
  z.custom<number>(
    (value) => typeof value === "number" && Number.isFinite(value) && value >= min,
    `a number >= ${min}`,
  );

/** Seconds as a number, or a text with a unit: `60s`, `2m`, `1h`. */
export const secondsFrom = (min: number): z.ZodType<number | string> =>
  z.custom<number | string>(
    (value) => (parseSeconds(value) ?? -1) >= min,
    `a number of seconds >= ${min}, or a text like "90s", "5m" or "1h"`,
  );

/** `90`, `90s`, `1.5m`, `1h` → seconds; null if it is none of these. */
export const parseSeconds = (value: unknown): number | null => {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? value : null;
  const match = typeof value === "string" ? /^\s*(\d+(?:\.\d+)?)\s*([smh])?\s*$/.exec(value) : null;
  if (match === null) return null;
  return Number(match[1]) * { s: 1, m: 60, h: 3600 }[(match[2] ?? "s") as "s" | "m" | "h"];
};

export const text = z.custom<string>((value) => typeof value === "string", "a text");

export const flag = z.custom<boolean>((value) => typeof value === "boolean", "true or false");

/** A text without spaces (an empty one is none), or a number that YAML made of one: accounts and partitions are often digits. */
export const word = z.custom<string | number>(
  (value) =>
    (typeof value === "string" && /^[^\s"'\\]*$/.test(value)) ||
    (Number.isInteger(value) && Number(value) >= 0),
  "a text without spaces",
);

/** One word, or a list of them. */
export const words = z.custom<string | number | readonly (string | number)[]>(
  (value) =>
    word.safeParse(value).success ||
    (Array.isArray(value) && value.every((item) => word.safeParse(item).success)),
  "a text without spaces, or a list of them",
);

export const oneOf = <const T extends string>(...known: readonly T[]): z.ZodType<T> =>
  z.custom<T>((value) => known.includes(value as T), known.join(" or "));

export const autoOrCount = z.custom<"auto" | number | null>(
  (value) => value === null || value === "auto" || (Number.isInteger(value) && (value as number) >= 1),
  '"auto" or a whole number >= 1',
);

/** GiB as a number (as in Parsl), or a text with its unit. */
export const memory = z.custom<number | string | null>(
  (value) => value === null || parseMemoryMiB(value) !== null,
  'null, a number of GiB, or a size like "4G" or "500M"',
);

export const walltime = z.custom<string | number>(
  (value) => parseWalltime(value) !== null,
  'a time as SLURM reads it: minutes, "HH:MM:SS", "D-HH", "D-HH:MM:SS" or "UNLIMITED"',
);

const classes: readonly unknown[] = taskClasses;

/** Which tasks workers take. */
export const serves = z.custom<"any" | TaskClass | readonly TaskClass[]>(
  (value) =>
    value === "any" ||
    classes.includes(value) ||
    (Array.isArray(value) && value.length > 0 && value.every((item) => classes.includes(item))),
  "any, build, sample, or a list of the last two",
);

export const label = z.custom<string>(
  (value) => typeof value === "string" && /^[\w.-]+$/.test(value),
  "a name of letters, digits, dots, dashes and underscores",
);

export const environment = z.custom<Readonly<Record<string, string | number | boolean>>>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).every((name) => /^[A-Za-z_]\w*$/.test(name)) &&
    Object.values(value).every((item) => ["string", "number", "boolean"].includes(typeof item)),
  "a mapping of names to texts or numbers",
);
