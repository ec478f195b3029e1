/**
 * Keys of a card on disk: those of the Parsl cards that users have, and more. Unknown keys are refused.
 *
 * The message of every field is what is expected there; `load-card.ts` makes the sentence around it.
 */
import { z } from "zod";

const mapping = { error: "a mapping of keys to values" };

const wholeNumber = (min: number): z.ZodType<number> =>
  z.custom<number>(
    (value) => Number.isInteger(value) && (value as number) >= min,
    `a whole number >= ${min}`,
  );

const seconds = z.custom<number>(
  (value) => typeof value === "number" && Number.isFinite(value) && value >= 0,
  "a number of seconds >= 0",
);

const text = z.custom<string>((value) => typeof value === "string", "a text");

const autoOrCount = z.custom<"auto" | number | null>(
  (value) => value === null || value === "auto" || (Number.isInteger(value) && (value as number) >= 1),
  '"auto" or a whole number >= 1',
);

/** GiB as a number (as in Parsl), or a text with its unit. */
const memory = z.custom<number | string | null>(
  (value) => value === null || memoryMiBOf(value) !== null,
  'null, a number of GiB, or a size like "4G" or "500M"',
);

const classes = ["build", "sample"] as const;

/** Which tasks workers take. */
export type TaskClass = (typeof classes)[number];

const serves = z.custom<"any" | TaskClass | readonly TaskClass[]>(
  (value) =>
    value === "any" ||
    classes.includes(value as TaskClass) ||
    (Array.isArray(value) && value.length > 0 && value.every((item) => classes.includes(item as TaskClass))),
  "any, build, sample, or a list of the last two",
);

const label = z.custom<string>(
  (value) => typeof value === "string" && /^[\w.-]+$/.test(value),
  "a name of letters, digits, dots, dashes and underscores",
);

const environment = z.custom<Readonly<Record<string, string | number | boolean>>>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((item) => ["string", "number", "boolean"].includes(typeof item)),
  "a mapping of names to texts or numbers",
);

/** One entry of `executors`; what it leaves out is the card's. */
export const executorSchema = z.strictObject(
  {
    label,
    max_workers: autoOrCount.optional(),
    cores_per_worker: wholeNumber(1).optional(),
    mem_per_worker: memory.optional(),
    worker_init: text.nullable().optional(),
    serves: serves.optional(),
    env: environment.optional(),
  },
  mapping,
);

/** A card of `type: local`. */
export const localCardSchema = z.strictObject(
  {
    type: z.literal("local", { error: "local" }),
    label: label.default("local"),
    executors: z
      .array(executorSchema, { error: "a list of executors" })
      .min(1, { error: "at least one executor" })
      .nullable()
      .default(null),
    slots: autoOrCount.default("auto"),
    threads_per_task: wholeNumber(1).default(1),
    memory_per_task: memory.default(null),
    serves: serves.default("any"),
    worker_init: text.nullable().default(""),
    env: environment.default({}),
    retries: wholeNumber(0).nullable().default(null),
    crash_limit: wholeNumber(0).default(3),
    grace: seconds.default(10),
    run_dir: text.nullable().default(null),
  },
  mapping,
);

export type LocalCardFile = z.infer<typeof localCardSchema>;
export type ExecutorEntry = z.infer<typeof executorSchema>;

/** Number of GiB, `4G`, `500M`, `1.5 GiB` → MiB; null if it is none of these. */
export const memoryMiBOf = (value: unknown): number | null => {
  if (typeof value === "number") return value > 0 && Number.isFinite(value) ? value * 1024 : null;
  const match = typeof value === "string" ? /^\s*(\d+(?:\.\d+)?)\s*([MGT])i?B?\s*$/i.exec(value) : null;
  if (match === null) return null;
  const factor = { M: 1, G: 1024, T: 1024 ** 2 }[(match[2] as string).toUpperCase() as "M" | "G" | "T"];
  const mebibytes = Number(match[1]) * factor;
  return mebibytes > 0 ? mebibytes : null;
};
