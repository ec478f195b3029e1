/**
 * The `reference` backend: plain float64 TypeScript on one thread. Slow, and right.
 *
 * `precision: "float32"` is accepted and computed in float64 all the same.
 */
import type { Backend } from "../backend.ts";
import { checkProblem } from "../check-problem.ts";
import { ReferenceEnsemble } from "./reference-ensemble.ts";

/** A backend that needs nothing but Node. */
export const createReferenceBackend = (): Backend => ({
  name: "reference",
  description: "reference: plain TypeScript, float64 in both precisions, 1 thread",
  vectorBytes: 8,
  numThreads: 1,
  open: (problem) => {
    checkProblem(problem);
    return new ReferenceEnsemble(problem);
  },
  close: () => undefined,
});
