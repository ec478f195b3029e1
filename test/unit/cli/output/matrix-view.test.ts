/** The picture of a running sweep fits its terminal, however many targets and samplers there are. */
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { drawMatrix, matrixView, type Terminal } from "../../../../src/cli/output/matrix-view.ts";
import { SweepProgress } from "../../../../src/cli/output/sweep-progress.ts";
import type { Plan } from "../../../../src/plan/plan.ts";
import { aMatrixPlan, done, started } from "../../../support/matrix-plan.ts";

const variants = [100, 200, 300, 400, 500, 600, 700].map((draws) => `hmc draws=${draws}`);
const progressOf = (plan: Plan): SweepProgress =>
  new SweepProgress(plan, { numSlots: 2, expectedSec: new Map() });

const escape = "\u001b";
const tokens = new RegExp(`${escape}\\[\\d*[A-Za-z]|\\r|\\n|[^${escape}\\r\\n]+`, "g");

/** A terminal that knows what the view uses: text, newline, return, cursor up, erase below; it wraps and scrolls. */
class FakeTerminal implements Terminal {
  readonly rows: number;
  readonly columns: number;
  screen: string[] = [""];
  numWraps = 0;
  #row = 0;

  constructor(rows: number, columns: number) {
    this.rows = rows;
    this.columns = columns;
  }

  write(text: string): void {
    for (const [token] of text.matchAll(tokens)) this.#obey(token);
  }

  #obey(token: string): void {
    const up = /\[(\d+)A$/.exec(token);
    if (up !== null) this.#row = Math.max(0, this.#row - Number(up[1]));
    else if (token.endsWith("[J")) this.screen = [...this.screen.slice(0, this.#row), ""];
    else if (token === "\n") this.#newLine();
    else if (token !== "\r" && !token.startsWith(escape)) this.#print(token);
  }

  #print(text: string): void {
    this.screen[this.#row] += text;
    if ((this.screen[this.#row] ?? "").length > this.columns) this.numWraps += 1;
  }

  #newLine(): void {
    this.#row += 1;
    this.screen[this.#row] ??= "";
    if (this.screen.length <= this.rows) return;
    this.screen.shift();
    this.#row -= 1;
  }
}

describe("drawMatrix", () => {
  it.each([
    [24, 80, 3, variants],
    [24, 80, 200, variants],
    [24, 80, 200, [...variants, ...variants.map((label) => label.replace("hmc", "sgld"))]],
    [10, 40, 30, variants],
    [6, 20, 30, ["hmc"]],
    [60, 200, 3, variants],
  ])("fits %d lines of %d letters", (maxLines, maxColumns, targets, samplers) => {
    const plan = aMatrixPlan({ targets, samplers });
    const progress = progressOf(plan);
    for (let i = 0; i < targets; i++) progress.apply(started(`t${i}/${samplers.length - 1}`, 0));
    const lines = drawMatrix(plan, progress, { now: 61_000, start: 0, maxLines, maxColumns });
    expect(lines.length).toBeLessThan(maxLines);
    for (const line of lines) expect(stripVTControlCharacters(line).length).toBeLessThan(maxColumns);
  });

  it("shows columns in which something runs, counts what it leaves out, and keeps the ends of names", () => {
    const plan = aMatrixPlan({ targets: 40, samplers: variants });
    const progress = progressOf(plan);
    progress.apply(started("t17/6", 0));
    const lines = drawMatrix(plan, progress, { now: 0, start: 0, maxLines: 24, maxColumns: 80 });
    const text = lines.map((line) => stripVTControlCharacters(line)).join("\n");
    expect(text).toContain("hmc#7");
    expect(text).toContain("hmc#7 draws=700");
    expect(text).toMatch(/^base.*….*seed 17 /m);
    expect(text).toMatch(/not shown: 39 targets, \d samplers; see lambda-hat status/);
  });

  it("shows everything, one block of samplers below another, if it is to be complete", () => {
    const plan = aMatrixPlan({ targets: 3, samplers: variants });
    const options = { now: 0, start: 0, maxLines: Number.POSITIVE_INFINITY, maxColumns: 60 };
    const lines = drawMatrix(plan, progressOf(plan), { ...options, isComplete: true });
    const text = lines.map((line) => stripVTControlCharacters(line)).join("\n");
    for (let k = 1; k <= variants.length; k++) expect(text).toContain(`hmc#${k} draws=${k}00`);
    expect(text).not.toContain("not shown");
    expect(lines.filter((line) => line.startsWith("base") && line.includes("d 2 "))).toHaveLength(3);
  });
});

describe("matrixView", () => {
  it("leaves nothing behind on 80 × 24, redraw after redraw", () => {
    const plan = aMatrixPlan({ targets: 30, samplers: variants });
    const progress = progressOf(plan);
    const terminal = new FakeTerminal(24, 80);
    const view = matrixView(plan, progress, terminal);
    const warn = (message: string): void => view.onEvent({ kind: "warning", message, time: 0 });
    view.close();
    for (let i = 0; i < 30; i++) {
      progress.apply(done(`t${i}`, 1));
      progress.apply(started(`t${i}/${i % 7}`, 0));
      if (i === 9) warn("one node is slow");
      view.close(); // draws once more
    }
    expect(terminal.numWraps).toBe(0);
    const count = (text: string): number => terminal.screen.filter((line) => line.includes(text)).length;
    expect([count("build"), count("tasks"), count("not shown")]).toEqual([1, 1, 1]);
    expect(terminal.screen.at(-2)).toContain("30/240 tasks · 30 running");
  });
});
