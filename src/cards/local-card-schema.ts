/** Keys of a card of `type: local` on disk: those of the Parsl cards that users have, and more. */
import { z } from "zod";
import {
  autoOrCount,
  environment,
  label,
  mapping,
  memory,
  numberFrom,
  serves,
  text,
  wholeNumber,
} from "./fields.ts";

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
    type: z.literal("local", { error: "local, slurm or command" }),
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
    grace: numberFrom(0).default(10),
    run_dir: text.nullable().default(null),
  },
  mapping,
);

export type LocalCardFile = z.infer<typeof localCardSchema>;
export type ExecutorEntry = z.infer<typeof executorSchema>;
