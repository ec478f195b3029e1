/**
 * The evidence table of `docs/samplers.md`: every law of this folder tried on every registered sampler, one row each.
 *
 * `npm run evidence` writes it between the two markers. Cells are what was measured; n/a marks a law that a
 * sampler does not claim.
 */
import type { Backend } from "../../../src/compute/backend.ts";
import { calibrationOf } from "./calibration.ts";
import { type DeepLinear, deepLinearReport } from "./deep-linear.ts";
import { eightSchoolsOf } from "./eight-schools.ts";
import { invarianceOf } from "./invariance.ts";
import { isRight, llcOf, llcTargets } from "./llc.ts";
import { batchedAndAlone, bytesOnEach } from "./reproducibility.ts";
import { type Kernel, type NamedLaw, type SamplerLaw, samplerUnder } from "./sampler-law.ts";
import { casesOf } from "./sampler-laws.ts";
import { zBound } from "./scores.ts";
import { lawTargets } from "./targets.ts";

/** What the laws are tried with. */
export interface EvidenceTools {
  readonly networks: readonly DeepLinear[];
  /** For networks. */
  readonly backend: Backend;
  /** The same backend with 1 and with 4 threads. */
  readonly threads: readonly [Backend, Backend];
  readonly sizes: EvidenceSizes;
}

export interface EvidenceSizes {
  readonly numChains: number;
  readonly numReplicates: number;
  /** A chain, for λ̂ of closed forms and eight schools. */
  readonly gradients: number;
  /** A chain, for deep linear networks. */
  readonly networkGradients: number;
}

const notClaimed = "n/a";
const marked = (text: string, holds: boolean): string => (holds ? text : `**${text}**`);
const score = (value: number): string => marked(Math.max(0, value).toFixed(1), value < zBound);
const percent = (share: number): string => (share < 10 ? `${(100 * share).toFixed(0)} %` : "> 999 %");

const kernelOf = ([name, law]: NamedLaw): readonly [string, SamplerLaw & { kernel: Kernel }] | null =>
  law.kernel === null ? null : [name, { ...law, kernel: law.kernel }];

const invarianceCells = lawTargets.map((target) => ({
  title: target.name,
  cell: async (entry: NamedLaw, { sizes }: EvidenceTools): Promise<string> => {
    const kernel = kernelOf(entry);
    if (kernel === null) return notClaimed;
    return score((await invarianceOf(kernel, target, sizes)).score);
  },
}));

const mistakes = async (entry: NamedLaw, { sizes }: EvidenceTools): Promise<string> => {
  const kernel = kernelOf(entry);
  const [gaussian] = lawTargets;
  const [quadratic] = llcTargets;
  if (gaussian === undefined || quadratic === undefined) throw new Error("bug: no targets");
  let refused = 0;
  for (const breakage of entry[1].broken) {
    const isRefused =
      kernel === null
        ? !isRight(await llcOf(entry, quadratic, { gradients: sizes.gradients, breakage }))
        : (await invarianceOf(kernel, gaussian, { ...sizes, breakage })).score > zBound;
    if (isRefused) refused++;
  }
  const { length } = entry[1].broken;
  return marked(`${refused} of ${length}`, refused === length);
};

const llcCells = llcTargets.map((target) => ({
  title: `λ̂ ${target.name}`,
  cell: async (entry: NamedLaw, { sizes }: EvidenceTools): Promise<string> => {
    if (entry[1].kind === "variational" && !target.isGaussian) return notClaimed;
    const estimate = await llcOf(entry, target, sizes);
    const off = (100 * (estimate.llc - estimate.exact)) / estimate.exact;
    const error = (100 * estimate.mcse) / estimate.exact;
    return marked(`${off.toFixed(1)} ± ${error.toFixed(1)} %`, isRight(estimate));
  },
}));

const deepLinearCells = async (
  entry: NamedLaw,
  { networks, backend, sizes }: EvidenceTools,
): Promise<readonly [string, string]> => {
  const report = await deepLinearReport(entry, networks, { backend, gradients: sizes.networkGradients });
  return [percent(report.relativeError), percent(report.orderPreserved)];
};

const threadsCell = async (entry: NamedLaw, { threads }: EvidenceTools): Promise<string> => {
  let isEqual = true;
  for (const settings of casesOf(entry)) {
    const [one, four] = await bytesOnEach([samplerUnder(entry), settings], threads);
    isEqual &&= JSON.stringify(one) === JSON.stringify(four);
  }
  return marked(isEqual ? "equal" : "differ", isEqual);
};

const aloneCell = async (entry: NamedLaw, { threads }: EvidenceTools): Promise<string> => {
  const { alone } = entry[1];
  if (!("settings" in alone)) return notClaimed;
  const bytes = await batchedAndAlone([samplerUnder(entry), alone.settings], threads[0]);
  const isEqual = JSON.stringify(bytes.alone) === JSON.stringify(bytes.batched);
  return marked(isEqual ? "equal" : "differ", isEqual);
};

/** Titles of the columns, in order. */
export const evidenceColumns: readonly string[] = [
  "sampler",
  "claim",
  ...invarianceCells.map(({ title }) => title),
  "mistakes refused",
  "calibration",
  ...llcCells.map(({ title }) => title),
  "eight schools",
  "deep linear: error",
  "order kept",
  "1 = 4 threads",
  "batched = alone",
];

/** One row, as long as `evidenceColumns`. */
export const evidenceRow = async (entry: NamedLaw, tools: EvidenceTools): Promise<readonly string[]> => {
  const [name, law] = entry;
  const { sizes } = tools;
  const cells: string[] = [name, law.kind];
  for (const { cell } of invarianceCells) cells.push(await cell(entry, tools));
  cells.push(await mistakes(entry, tools));
  cells.push(score((await calibrationOf(entry, sizes.numReplicates)).score));
  for (const { cell } of llcCells) cells.push(await cell(entry, tools));
  const schools = law.kind === "variational" ? null : await eightSchoolsOf(entry, sizes.gradients);
  cells.push(schools === null ? notClaimed : score(schools.score));
  cells.push(...(await deepLinearCells(entry, tools)));
  cells.push(await threadsCell(entry, tools), await aloneCell(entry, tools));
  return cells;
};

/** Lines around the table in `docs/samplers.md`. */
export const evidenceMarkers = {
  begin: "<!-- evidence: begin (npm run evidence) -->",
  end: "<!-- evidence: end -->",
} as const;

/** The page with its table replaced. @throws if a marker is missing. */
export const withEvidence = (page: string, rows: readonly (readonly string[])[]): string => {
  const { begin, end } = evidenceMarkers;
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined)
    throw new Error(`docs/samplers.md has lost ${begin} or ${end}`);
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const ruler = evidenceColumns.map(() => "---");
  const table = [evidenceColumns, ruler, ...rows].map(line).join("\n");
  return `${before}${begin}\n\n${table}\n\n${end}${after}`;
};

/** Cells of the table in a page, heading and ruler left out. */
export const evidenceIn = (
  page: string,
): { readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] } => {
  const { begin, end } = evidenceMarkers;
  const lines = (page.split(begin)[1]?.split(end)[0] ?? "")
    .split("\n")
    .filter((line) => line.startsWith("|"));
  const [columns = [], _ruler, ...rows] = lines.map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return { columns, rows };
};
