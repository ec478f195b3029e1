/**
 * A sweep on a terminal: the matrix of targets × samplers, redrawn in place, with counts and the time that is left.
 *
 * A cell shows `·` waiting, `ready`, a percentage while it runs (`w` in warmup), λ̂ when done, `=` (and λ̂) where an
 * earlier sweep did the work, or how it failed. If the terminal has too few lines, rows without anything running are left out.
 */

import type { Plan } from "../../plan/plan.ts";
import type { TaskState } from "../../plan/task-state.ts";
import { noteColors } from "./colors.ts";
import { drawNote } from "./print.ts";
import { estimateText } from "./summary-text.ts";
import {
  formatDuration,
  type SweepProgress,
  type SweepView,
  type TaskProgressView,
} from "./sweep-progress.ts";

const redrawMs = 150;
const cellWidth = 11;

interface MatrixRow {
  readonly label: string;
  readonly buildId: string;
  readonly cellIds: readonly string[];
}

const rowsOf = (plan: Plan): MatrixRow[] => {
  const rows = new Map<number, { label: string; buildId: string; cellIds: string[] }>();
  for (const cell of plan.cells) {
    const row = rows.get(cell.targetIndex) ?? {
      label: cell.targetLabel,
      buildId: cell.targetId,
      cellIds: [],
    };
    row.cellIds[cell.samplerIndex] = cell.taskId;
    rows.set(cell.targetIndex, row);
  }
  return [...rows.values()];
};

const words: Partial<Record<TaskState, readonly [text: string, color: (text: string) => string]>> = {
  ready: ["ready", (text) => text],
  failed: ["failed", noteColors.red],
  timeout: ["timeout", noteColors.red],
  out_of_memory: ["memory", noteColors.red],
  upstream_failed: ["upstream", noteColors.red],
  cancelled: ["cancelled", noteColors.yellow],
};

const cellText = (task: TaskProgressView | undefined): string => {
  if (task?.state === "running") {
    return noteColors.cyan(pad(`${task.phase === "warmup" ? "w " : ""}${Math.floor(100 * task.fraction)}%`));
  }
  if (task?.state === "done") return noteColors.green(pad(estimateText(task.summary) ?? "done"));
  if (task?.state === "skipped") return noteColors.dim(pad(`= ${estimateText(task.summary) ?? ""}`));
  const [text, color] = (task && words[task.state]) ?? ["·", noteColors.dim];
  return color(pad(text));
};

const pad = (text: string): string => text.padEnd(cellWidth);

const isBusy = (row: MatrixRow, progress: SweepProgress): boolean =>
  [row.buildId, ...row.cellIds].some((id) => progress.tasks.get(id)?.state === "running");

/** Lines of the picture, at most `maxLines`. */
export const drawMatrix = (
  plan: Plan,
  progress: SweepProgress,
  options: { now: number; start: number; maxLines: number },
): string[] => {
  const rows = rowsOf(plan);
  const labels = [...new Map(plan.cells.map((cell) => [cell.samplerIndex, cell.samplerLabel])).entries()];
  labels.sort(([a], [b]) => a - b);
  const width = Math.min(40, Math.max(8, ...rows.map(({ label }) => label.length)));
  const header = `${" ".repeat(width)}  ${noteColors.bold(pad("build"))}${labels.map(([, label]) => noteColors.bold(pad(label.slice(0, cellWidth - 1)))).join("")}`;
  const room = options.maxLines - 3;
  const shown = rows.length <= room ? rows : rows.filter((row) => isBusy(row, progress)).slice(0, room);
  const body = shown.map(({ label, buildId, cellIds }) => {
    const cells = [buildId, ...cellIds].map((id) => cellText(progress.tasks.get(id))).join("");
    return `${label.slice(0, width).padEnd(width)}  ${cells}`;
  });
  const { total, finished, running, failed } = progress.counts();
  const left = progress.remainingSec(options.now);
  const status = [
    `${finished}/${total} tasks`,
    `${running} running`,
    failed > 0 ? noteColors.red(`${failed} failed`) : null,
    `${formatDuration((options.now - options.start) / 1000)} elapsed`,
    left === null || finished === total ? null : `about ${formatDuration(left)} left`,
    rows.length > shown.length ? `${rows.length - shown.length} rows hidden` : null,
  ];
  return [header, ...body, status.filter((part) => part !== null).join(" · ")];
};

/** Draws on stderr until closed. */
export const matrixView = (plan: Plan, progress: SweepProgress): SweepView => {
  const start = Date.now();
  let numDrawn = 0;
  const draw = (): void => {
    const maxLines = process.stderr.rows ?? 24;
    const lines = drawMatrix(plan, progress, { now: Date.now(), start, maxLines });
    const up = numDrawn > 0 ? `\u001b[${numDrawn}A` : "";
    drawNote(`${up}\r\u001b[J${lines.join("\n")}\n`);
    numDrawn = lines.length;
  };
  const timer = setInterval(draw, redrawMs);
  return {
    onEvent: (event) => {
      if (event.kind !== "warning") return;
      drawNote(`${numDrawn > 0 ? `\u001b[${numDrawn}A\r\u001b[J` : ""}warning: ${event.message}\n`);
      numDrawn = 0;
    },
    close: () => {
      clearInterval(timer);
      draw();
    },
  };
};
