/** What starts and ends blocks: SLURM, or a command. The narrow way from the executor to the outside. */
import type { JobStatus } from "../slurm-status.ts";
import type { Block, BlockCommand } from "./block.ts";
import type { BlockScript } from "./worker-script.ts";

/** What came of a submission. */
export type SubmitOutcome =
  | { readonly kind: "taken"; readonly id: string; readonly command?: BlockCommand }
  /** It may be queued all the same; it must be looked for. */
  | { readonly kind: "in_doubt"; readonly message: string }
  | { readonly kind: "refused"; readonly message: string; readonly isPermanent: boolean };

/** Answer about all blocks at once. */
export type StatusAnswer =
  | { readonly kind: "answer"; readonly byName: ReadonlyMap<string, JobStatus> }
  | { readonly kind: "no_answer"; readonly message: string; readonly isPermanent: boolean };

/** A block that can be asked about: its name, and what is known of it. */
export type NamedBlock = Pick<Block, "name" | "id" | "command"> & { readonly jobName: string };

/** Bodies: `SlurmAllocator`, `CommandAllocator`, and fakes of tests. None of the methods rejects. */
export interface Allocator {
  /** For people: `SLURM, partition gpu`. */
  readonly description: string;
  /** Blocks that an earlier driver has left behind; called before anything else. */
  adopt(blocks: readonly NamedBlock[]): void;
  submit(block: BlockScript): Promise<SubmitOutcome>;
  /** Where the blocks are; those it does not know are not in the answer. Keyed by the block's name. */
  status(blocks: readonly NamedBlock[]): Promise<StatusAnswer>;
  /** Ends blocks, also those without an id. Null: done; else what went wrong. */
  cancel(blocks: readonly NamedBlock[]): Promise<string | null>;
}
