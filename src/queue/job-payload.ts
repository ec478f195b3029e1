/**
 * What crosses Redis as the data of a job: one task, and what a worker must know to run it and to release what needs
 * it. Versioned and validated: a payload of another version, of another sweep, or malformed is refused, not run.
 */
import { z } from "zod";
import type { Json } from "../core/canonical-json.ts";
import { messageOf } from "../core/errors.ts";
import type { Task } from "../plan/task.ts";

/** Raised with any change of the format. */
export const payloadVersion = 1;

const id = z.string().min(1).max(400);
/** Parts of paths under the store and the logs: nothing else may lead a worker there. */
const targetId = z.string().regex(/^tgt_[0-9a-f]{12}$/);
const runId = z.string().regex(/^[0-9a-f]{8}$/);
const sampler = z.string().regex(/^[a-z][a-z0-9_]{0,40}$/);
const json = z.json() as unknown as z.ZodType<Json>;

const base = {
  id,
  needs: z.array(id),
  title: z.string(),
  resources: z.strictObject({
    threads: z.number().int().min(1),
    timeoutSec: z.number().positive().nullable(),
    memoryMiB: z.number().positive().nullable(),
  }),
};

const behaviour = z.strictObject({
  stdout: z.string().optional(),
  stderr: z.string().optional(),
  sleepMs: z.number().optional(),
  busyMs: z.number().optional(),
  allocateMiB: z.number().optional(),
  heapMiB: z.number().optional(),
  exitCode: z.number().optional(),
  fail: z.string().optional(),
  throwAside: z.string().optional(),
  retryable: z.boolean().optional(),
  untilAttempt: z.number().optional(),
});

const taskSchema = z.discriminatedUnion("kind", [
  z.strictObject({ ...base, kind: z.literal("build-target"), targetId, config: json }),
  z.strictObject({
    ...base,
    kind: z.literal("run-sampler"),
    targetId,
    runId,
    sampler,
    backend: z.string(),
    config: json,
  }),
  z.strictObject({ ...base, kind: z.literal("noop"), behaviour }),
]);

const payloadSchema = z.strictObject({
  v: z.literal(payloadVersion, { error: `version ${payloadVersion}` }),
  /** Id of the sweep (`swp_<12 hex>`) and of its submission to this Redis. */
  sweep: id,
  run: id,
  task: taskSchema,
  /** Expected seconds; null: not known. */
  expected_sec: z.number().nonnegative().nullable(),
  /** Ids of the tasks that need this one. */
  dependents: z.array(id),
  /** Attempts before this job was made: Redis may lose its data in the middle of a sweep. */
  starts_before: z.number().int().nonnegative(),
});

/** One job's data. */
export interface JobPayload {
  readonly v: typeof payloadVersion;
  readonly sweep: string;
  readonly run: string;
  readonly task: Task;
  readonly expected_sec: number | null;
  readonly dependents: readonly string[];
  readonly starts_before: number;
}

/** A payload, or why it is refused. */
export type PayloadReading =
  | { readonly kind: "valid"; readonly payload: JobPayload }
  | { readonly kind: "refused"; readonly reason: string };

/** Parsed job data → payload of this sweep and submission. Never throws. */
export const readPayload = (data: unknown, expected: { sweep: string; run: string }): PayloadReading => {
  const parsed = payloadSchema.safeParse(data);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = issue?.path.join(".") ?? "";
    return refused(`${path === "" ? "it" : path} is wrong: ${issue?.message ?? "unreadable"}`);
  }
  const { sweep, run, task } = parsed.data;
  if (task.id !== idOf(task))
    return refused(`task.id is wrong: got ${JSON.stringify(task.id)}; expected ${idOf(task)}`);
  if (task.kind === "noop" && process.env["TEST_NOOP"] !== "1")
    return refused("its task is of the kind noop, which only tests and benchmarks run");
  if (sweep !== expected.sweep || run !== expected.run)
    return refused(`it belongs to ${sweep} (${run}), not to ${expected.sweep} (${expected.run})`);
  return { kind: "valid", payload: parsed.data as unknown as JobPayload };
};

/** The id that a task with these names has: logs and jobs are found by it. A noop may have any. */
const idOf = (task: z.infer<typeof taskSchema>): string => {
  switch (task.kind) {
    case "build-target":
      return task.targetId;
    case "run-sampler":
      return `${task.targetId}/${task.sampler}_${task.runId}`;
    case "noop":
      return task.id;
  }
};

/** The same from JSON text. */
export const parsePayload = (text: string, expected: { sweep: string; run: string }): PayloadReading => {
  try {
    return readPayload(JSON.parse(text), expected);
  } catch (error) {
    return refused(`it is no JSON: ${messageOf(error)}`);
  }
};

const refused = (reason: string): PayloadReading => ({ kind: "refused", reason });
