/** Short headers for the samplers of a sweep, each one unlike the others, with a legend for what they leave out. */
import type { Plan } from "../../plan/plan.ts";

/** A column of the matrix. */
export interface MatrixColumn {
  readonly samplerIndex: number;
  /** `hmc`, or `hmc#2` where there are several. */
  readonly header: string;
  /** `hmc#2 draws=500`: what tells it from the others of its name; null where there is one alone. */
  readonly legend: string | null;
}

/** Columns in the order of the experiment. */
export const matrixColumns = (plan: Plan): readonly MatrixColumn[] => {
  const samplers = new Map(plan.cells.map((cell) => [cell.samplerIndex, cell] as const));
  const inOrder = [...samplers.values()].toSorted((a, b) => a.samplerIndex - b.samplerIndex);
  const labelsOf = new Map<string, string[]>();
  for (const { sampler, samplerLabel } of inOrder) {
    labelsOf.set(sampler, [...(labelsOf.get(sampler) ?? []), samplerLabel]);
  }
  const numSeen = new Map<string, number>();
  return inOrder.map(({ samplerIndex, sampler, samplerLabel }) => {
    const labels = labelsOf.get(sampler) ?? [];
    if (labels.length < 2) return { samplerIndex, header: sampler, legend: null };
    const number = (numSeen.get(sampler) ?? 0) + 1;
    numSeen.set(sampler, number);
    const header = `${sampler}#${number}`;
    return { samplerIndex, header, legend: `${header} ${ownWords(samplerLabel, labels)}` };
  });
};

/** Settings of a label that not all of the labels have. */
const ownWords = (label: string, labels: readonly string[]): string => {
  const [, ...words] = label.split(" ");
  const all = labels.map((other) => new Set(other.split(" ").slice(1)));
  const own = words.filter((word) => !all.every((others) => others.has(word)));
  return own.length === 0 ? "(defaults)" : own.join(" ");
};
