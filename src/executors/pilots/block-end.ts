/** Words about the end of a block, and what it says about its nodes. Pure. */
import { expandNodes } from "../slurm-status.ts";
import type { Block } from "./block.ts";
import { scriptExitCode } from "./worker-script.ts";

/** Clause about why a block is over: `worker_init failed on n1 (exit code 97)`. */
export const whyEnded = (block: Block): string => {
  const { report, code, reason, nodes } = block;
  if (report === null) {
    const state = code === "" ? "the scheduler does not know it any more" : `the scheduler calls it ${code}`;
    const where = nodes === "" ? "" : ` on ${nodes}`;
    return `${state}${where}${reason === "" ? "" : ` (${reason})`}`;
  }
  const exit = `on ${report.node} (exit code ${report.code})`;
  if (report.asked === "TERM") return `it was cancelled or preempted ${exit}`;
  if (report.asked === "USR1") return `its walltime was over ${exit}`;
  if (report.phase === "worker_init") return `worker_init of the card failed ${exit}`;
  if (report.code === scriptExitCode.noNode) return `there is no Node.js ${exit}`;
  return `its worker ended ${exit}`;
};

/** More nodes than these are not left out: then the card is wrong, not the nodes. */
const maxBadNodes = 16;
const nodeFailures: ReadonlySet<string> = new Set(["NODE_FAIL", "BOOT_FAIL", "LAUNCH_FAILED"]);

/**
 * Nodes of a block that failed to start a worker, if they are to blame: SLURM says that the node failed, or workers have
 * started elsewhere with the same card.
 */
export const nodesToAvoid = (
  failed: Block,
  others: readonly Block[],
  known: readonly string[],
): readonly string[] => {
  const isNodeFailure = nodeFailures.has(failed.code);
  const worksElsewhere = others.some((block) => block.hasWorked && block.name !== failed.name);
  if (!isNodeFailure && !worksElsewhere) return [];
  const nodes = failed.report === null ? expandNodes(failed.nodes) : [failed.report.node];
  const goodNodes = new Set(
    others.filter(({ hasWorked }) => hasWorked).flatMap(({ nodes: had }) => expandNodes(had)),
  );
  const bad = nodes.filter((node) => !known.includes(node) && (isNodeFailure || !goodNodes.has(node)));
  return known.length + bad.length > maxBadNodes ? [] : bad;
};
