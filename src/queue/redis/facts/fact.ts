/**
 * What workers enter into the stream of a sweep after each change they made in Redis; the driver turns facts into the
 * books and events of the sweep. A fact may come twice and, around the end of a build, early; it is never the only
 * trace of a change: the jobs themselves tell the same.
 */
import type { Json } from "../../../core/canonical-json.ts";
import type { TaskFailure } from "../../failure.ts";
import type { RetryDecision } from "../../retry-policy.ts";
import type { Progress } from "../../task-messages.ts";

interface AttemptFact {
  readonly taskId: string;
  /** 1 for the first start. */
  readonly attempt: number;
  /** Milliseconds since 1970, by the clock of whoever tells it. */
  readonly time: number;
}

export type Fact =
  | ({ readonly kind: "started"; readonly worker: string; readonly token: string } & AttemptFact)
  | ({ readonly kind: "done"; readonly worker: string; readonly summary: Json } & AttemptFact)
  | ({
      readonly kind: "failed";
      readonly worker: string;
      readonly failure: TaskFailure;
      readonly decision: RetryDecision;
    } & AttemptFact)
  | ({ readonly kind: "given_back"; readonly worker: string } & AttemptFact)
  | ({ readonly kind: "progress"; readonly progress: Progress } & AttemptFact)
  /** A job that was refused: foreign or malformed. */
  | { readonly kind: "refused"; readonly jobId: string; readonly reason: string; readonly time: number };

const version = 1;
const kinds: ReadonlySet<unknown> = new Set<Fact["kind"]>([
  "started",
  "done",
  "failed",
  "given_back",
  "progress",
  "refused",
]);

/** One fact as text. */
export const formatFact = (fact: Fact): string => JSON.stringify({ v: version, ...fact });

/** Text → fact; null for what another version or somebody else wrote. */
export const parseFact = (text: string): Fact | null => {
  try {
    const { v, ...fact } = JSON.parse(text) as { v: unknown } & Fact;
    return v === version && kinds.has(fact.kind) ? (fact as Fact) : null;
  } catch {
    return null;
  }
};
