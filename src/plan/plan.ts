/** A plan: the tasks of one sweep in an order that can be run, and the cells that the user asked for. Plain JSON. */
import type { Task } from "./task.ts";

/** One target × one sampler as written in the experiment; every cell is one row of the results table. */
export interface PlannedCell {
  /** Positions in the experiment's expanded lists of targets and samplers. */
  readonly targetIndex: number;
  readonly samplerIndex: number;
  /** How people name them: unique labels of the experiment. */
  readonly targetLabel: string;
  readonly samplerLabel: string;
  /** Id of the `run-sampler` task that serves this cell. Equal cells share one. */
  readonly taskId: string;
  readonly targetId: string;
  readonly runId: string;
  /** Algorithm: `hmc`. */
  readonly sampler: string;
  /** True if an earlier cell has the same task, so that this one adds a row but no work. */
  readonly isDuplicate: boolean;
}

/** What to do, decided before anything runs. */
export interface Plan {
  /** `swp_<12 hex>`: content hash of experiment name, tasks and cells. */
  readonly id: string;
  readonly experiment: string;
  /** Every task once, each after all it needs: builds first, then cells in the order of the experiment. */
  readonly tasks: readonly Task[];
  /** Ids of the tasks whose results are already there: they are skipped. */
  readonly doneTaskIds: readonly string[];
  /** One entry a planned cell, targets outermost. */
  readonly cells: readonly PlannedCell[];
  /** Sentences the user should see: which targets or cells were merged because they are equal. */
  readonly notes: readonly string[];
}
