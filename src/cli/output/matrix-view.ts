/**
 * A sweep on a terminal: the matrix of targets × samplers, redrawn in place, with counts and the time that is left.
 *
 * A cell shows `·` waiting, `ready`, a percentage while it runs (`w` in warmup), λ̂ when done, `=` (and λ̂) where an
 * earlier sweep did the work, or how it failed. Samplers of one name are numbered; a legend says what tells them apart. No
 * line is wider than the terminal: if it is too small, rows and columns without anything running are left out, and counted.
 */
import { stripVTControlCharacters } from "node:util";

import type { Plan } from "../../plan/plan.ts";
import type { TaskState } from "../../plan/task-state.ts";
import { noteColors } from "./colors.ts";
import { type MatrixColumn, matrixColumns } from "./matrix-headers.ts";
import { noteTerminal } from "./print.ts";
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

const pad = (text: string): string => shorten(text, cellWidth - 1).padEnd(cellWidth);

/** At most `width` letters: the middle is left out, since names differ at their ends. */
const shorten = (text: string, width: number): string => {
  if (text.length <= width) return text;
  const head = Math.ceil((width - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (width - 1 - head))}`;
};

/** What would wrap loses its colours and its end. */
const clip = (line: string, width: number): string => {
  const plain = stripVTControlCharacters(line);
  return plain.length <= width ? line : plain.slice(0, Math.max(0, width));
};

const isBusy = (row: MatrixRow, progress: SweepProgress): boolean =>
  [row.buildId, ...row.cellIds].some((id) => progress.tasks.get(id)?.state === "running");

/** How much room there is, and what is to be shown. */
export interface MatrixOptions {
  readonly now: number;
  readonly start: number;
  /** Lines of the terminal, of which one is kept for the cursor. */
  readonly maxLines: number;
  readonly maxColumns: number;
  /** Samplers that find no place go below the others, instead of being left out. */
  readonly isComplete?: boolean;
}

const leastLabelWidth = 12;

/** Lines of the picture, fewer than `maxLines`, each narrower than `maxColumns`. */
export const drawMatrix = (plan: Plan, progress: SweepProgress, options: MatrixOptions): string[] => {
  const width = options.maxColumns - 1;
  const rows = rowsOf(plan);
  const columns = matrixColumns(plan);
  const longest = Math.min(40, Math.max(8, ...rows.map(({ label }) => label.length)));
  const least = Math.min(longest, leastLabelWidth);
  const perBlock = Math.max(1, Math.floor((width - least - 2 - cellWidth) / cellWidth));
  const roomForLabels = width - 2 - cellWidth * (1 + Math.min(perBlock, columns.length));
  const labelWidth = Math.min(longest, Math.max(least, roomForLabels));
  const blocks = options.isComplete
    ? chunks(columns, perBlock)
    : [chosenColumns(rows, columns, { progress, count: perBlock })];
  const legend = legendLines(blocks.flat(), width);
  const numLegend = Math.min(legend.length, Math.max(0, Math.floor(options.maxLines / 3) - 1));
  // Header, status line, the cursor's line, and a line for what is hidden.
  const room = Math.max(0, options.maxLines - 4 - numLegend);
  const shown = rows.length <= room ? rows : rows.filter((row) => isBusy(row, progress)).slice(0, room);
  const body = blocks.flatMap((block) => [
    headerLine(block, labelWidth),
    ...shown.map((row) => rowLine(row, { block, labelWidth, progress })),
  ]);
  const hidden = [
    [rows.length - shown.length, "targets"],
    [columns.length - blocks.flat().length, "samplers"],
    [legend.length - numLegend, "lines of the legend"],
  ] as const;
  const notes = hidden.flatMap(([count, what]) => (count > 0 ? [`${count} ${what}`] : []));
  return [
    ...body,
    ...legend.slice(0, numLegend).map((line) => noteColors.dim(line)),
    ...(notes.length > 0 ? [noteColors.dim(`not shown: ${notes.join(", ")}; see lambda-hat status`)] : []),
    statusLine(progress, options, width),
  ].map((line) => clip(line, width));
};

const chunks = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.max(1, Math.ceil(items.length / size)) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );

/** Those with something running first, then the others, in the order of the experiment. */
const chosenColumns = (
  rows: readonly MatrixRow[],
  columns: readonly MatrixColumn[],
  { progress, count }: { readonly progress: SweepProgress; readonly count: number },
): readonly MatrixColumn[] => {
  if (columns.length <= count) return columns;
  const isRunning = ({ samplerIndex }: MatrixColumn): boolean =>
    rows.some(({ cellIds }) => progress.tasks.get(cellIds[samplerIndex] ?? "")?.state === "running");
  const ranked = columns.toSorted((a, b) => Number(isRunning(b)) - Number(isRunning(a)));
  const chosen = new Set(ranked.slice(0, count));
  return columns.filter((column) => chosen.has(column));
};

const headerLine = (block: readonly MatrixColumn[], labelWidth: number): string => {
  const cells = ["build", ...block.map(({ header }) => header)];
  return `${" ".repeat(labelWidth)}  ${cells.map((text) => noteColors.bold(pad(text))).join("")}`;
};

const rowLine = (
  { label, buildId, cellIds }: MatrixRow,
  {
    block,
    labelWidth,
    progress,
  }: {
    readonly block: readonly MatrixColumn[];
    readonly labelWidth: number;
    readonly progress: SweepProgress;
  },
): string => {
  const ids = [buildId, ...block.map(({ samplerIndex }) => cellIds[samplerIndex] ?? "")];
  const cells = ids.map((id) => cellText(progress.tasks.get(id))).join("");
  return `${shorten(label, labelWidth).padEnd(labelWidth)}  ${cells}`;
};

/** As many entries a line as fit. */
const legendLines = (columns: readonly MatrixColumn[], width: number): readonly string[] => {
  const lines: string[] = [];
  for (const { legend } of columns) {
    if (legend === null) continue;
    const last = lines.at(-1);
    if (last !== undefined && last.length + 3 + legend.length <= width)
      lines[lines.length - 1] = `${last} · ${legend}`;
    else lines.push(shorten(legend, width));
  }
  return lines;
};

/** The parts that fit, the most wanted first. */
const statusLine = (
  progress: SweepProgress,
  { now, start }: Pick<MatrixOptions, "now" | "start">,
  width: number,
): string => {
  const { total, finished, running, failed } = progress.counts();
  const left = progress.remainingSec(now);
  const parts = [
    `${finished}/${total} tasks`,
    `${running} running`,
    failed > 0 ? noteColors.red(`${failed} failed`) : null,
    left === null || finished === total ? null : `about ${formatDuration(left)} left`,
    `${formatDuration((now - start) / 1000)} elapsed`,
  ].filter((part) => part !== null);
  while (parts.length > 1 && stripVTControlCharacters(parts.join(" · ")).length > width) parts.pop();
  return parts.join(" · ");
};

/** A terminal, as far as the view needs one. */
export type Terminal = Pick<NodeJS.WriteStream, "rows" | "columns"> & { write(text: string): unknown };

/** Draws on a terminal (by default stderr) until closed. */
export const matrixView = (
  plan: Plan,
  progress: SweepProgress,
  terminal: Terminal = noteTerminal,
): SweepView => {
  const start = Date.now();
  let drawn: readonly string[] = [];
  // A terminal that has become narrower since has wrapped what was drawn.
  const erase = (): string => {
    const columns = terminal.columns || 80;
    const heights = drawn.map((line) =>
      Math.max(1, Math.ceil(stripVTControlCharacters(line).length / columns)),
    );
    const height = heights.reduce((sum, lines) => sum + lines, 0);
    return `${height > 0 ? `\u001b[${height}A` : ""}\r\u001b[J`;
  };
  const draw = (): void => {
    const [maxLines, maxColumns] = [terminal.rows || 24, terminal.columns || 80];
    const lines = drawMatrix(plan, progress, { now: Date.now(), start, maxLines, maxColumns });
    terminal.write(`${erase()}${lines.join("\n")}\n`);
    drawn = lines;
  };
  const timer = setInterval(draw, redrawMs);
  return {
    onEvent: (event) => {
      if (event.kind !== "warning") return;
      terminal.write(`${erase()}warning: ${event.message}\n`);
      drawn = [];
    },
    close: () => {
      clearInterval(timer);
      draw();
    },
  };
};
