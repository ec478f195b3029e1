/**
 * Draws from CSV: one draw a line, columns are variables.
 *
 * - Separated by commas, semicolons or tabs, whichever the header has most of; beside semicolons a comma in a number is its
 *   decimal point, as spreadsheets and R's `write.csv2` write it. Quotes as in RFC 4180; lines that begin with `#` are left out.
 * - A column `chain` (or `.chain`, as R's posterior calls it; case does not matter) tells the chains apart by its text;
 *   `draw`, `.draw` or `.iteration` orders the draws of a chain. A column without a name numbers the lines and is left out.
 * - Empty cells and words are NaN, but a column without a single number is refused.
 */
import { SweepError } from "../core/errors.ts";

/** Numbers with their shape (chain, draw, …), row-major. */
export interface DrawsBlock {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

interface Line {
  /** Where it begins in the file, from 1. */
  readonly number: number;
  readonly cells: readonly string[];
}

/** @throws SweepError `TRACE_INVALID` naming `path` and the line or column that is wrong. */
export const parseDrawsCsv = (text: string, path: string): Record<string, DrawsBlock> => {
  const refuse = (what: string): never => {
    throw new SweepError("TRACE_INVALID", `${path} ${what}`);
  };
  const separator = separatorOf(text);
  const [header, ...lines] = linesOf(text.replace(/^\uFEFF/, ""), separator);
  if (header === undefined || lines.length === 0)
    return refuse("has no draws below its header; expected a line of names and one line a draw.");
  const numberOf = (cell: string): number => parseCell(cell, separator === ";");
  if (header.cells.every((cell) => !Number.isNaN(numberOf(cell))))
    return refuse("has numbers in its first line; expected the names of the variables.");
  for (const { number, cells } of lines) {
    if (cells.length === header.cells.length) continue;
    refuse(`has ${cells.length} cells in line ${number}; expected ${header.cells.length}, as in its header.`);
  }
  const twice = header.cells.find((name, i) => name !== "" && header.cells.indexOf(name) < i);
  if (twice !== undefined) refuse(`has two columns "${twice}"; expected names that differ.`);

  const chains = chainsOf(lines, { ...indexColumns(header.cells, refuse), numberOf, refuse });
  const numDraws = chains[0]?.length ?? 0;
  if (chains.some((draws) => draws.length !== numDraws))
    refuse(`has chains of ${lengthsOf(chains)} draws; expected chains of one length.`);
  const variables = header.cells.flatMap((name, column): [string, DrawsBlock][] => {
    if (name === "" || isIndex(name)) return [];
    const values = Float64Array.from(chains.flat(), ({ cells }) => numberOf(cells[column] ?? ""));
    if (values.every((value) => Number.isNaN(value)))
      refuse(`has no number in column "${name}"; expected numbers. Correct that column, or leave it out.`);
    return [[name, { shape: [chains.length, numDraws], values }]];
  });
  return Object.fromEntries(variables);
};

/** In order of preference where there are several: `.iteration` counts inside a chain, `.draw` over all. */
const drawNames: readonly string[] = ["draw", ".iteration", ".draw"];
const chainNames: readonly string[] = ["chain", ".chain"];

const isIndex = (name: string): boolean => [...chainNames, ...drawNames].includes(name.toLowerCase());

type Refuse = (what: string) => never;

/** Where chain and draw stand; -1 for a column that is not there. */
const indexColumns = (header: readonly string[], refuse: Refuse): { chain: number; draw: number } => {
  const lower = header.map((name) => name.toLowerCase());
  const ofChain = header.filter((name) => chainNames.includes(name.toLowerCase()));
  if (ofChain.length > 1)
    refuse(
      `has the columns ${ofChain.map((name) => `"${name}"`).join(" and ")}; expected one for the chain.`,
    );
  const draw = drawNames.find((name) => lower.includes(name));
  return {
    chain: lower.findIndex((name) => chainNames.includes(name)),
    draw: draw === undefined ? -1 : lower.indexOf(draw),
  };
};

interface Sorting {
  readonly chain: number;
  readonly draw: number;
  readonly numberOf: (cell: string) => number;
  readonly refuse: Refuse;
}

/** Lines of each chain in the order of their draws; chains in the order of their names, 2 before 10. */
const chainsOf = (lines: readonly Line[], { chain, draw, numberOf, refuse }: Sorting): Line[][] => {
  const chains = new Map<string, Line[]>();
  for (const line of lines) {
    const name = chain < 0 ? "" : (line.cells[chain] ?? "");
    if (chain >= 0 && name === "")
      refuse(`has no chain in line ${line.number}; expected its name or number.`);
    const own = chains.get(name);
    if (own === undefined) chains.set(name, [line]);
    else own.push(line);
  }
  const ordered = [...chains.keys()]
    .sort(new Intl.Collator("en", { numeric: true }).compare)
    .map((name) => chains.get(name) ?? []);
  if (draw < 0) return ordered;
  const indexOf = ({ number, cells }: Line): number => {
    const index = numberOf(cells[draw] ?? "");
    return Number.isNaN(index)
      ? refuse(`has "${cells[draw] ?? ""}" as draw in line ${number}; expected a number.`)
      : index;
  };
  return ordered.map((own) =>
    own
      .map((line) => [indexOf(line), line] as const)
      .sort(([a], [b]) => a - b)
      .map(([, line]) => line),
  );
};

const lengthsOf = (chains: readonly Line[][]): string =>
  [...new Set(chains.map(({ length }) => length))].slice(0, 3).join(", ");

/** What the header, without its quoted parts, has most of; a comma where it has none. */
const separatorOf = (text: string): string => {
  const header = /^(?!#)[^\n]*\S[^\n]*$/m.exec(text.replace(/^\uFEFF/, ""))?.[0] ?? "";
  const bare = header.replace(/"[^"]*"/g, "");
  const count = (separator: string): number => bare.split(separator).length;
  return [",", ";", "\t"].reduce((best, each) => (count(each) > count(best) ? each : best));
};

/** Lines that are neither empty nor notes, cells without their quotes and without space around them. */
const linesOf = (text: string, separator: string): Line[] => {
  const lines: Line[] = [];
  let numBefore = 0;
  for (const line of logicalLines(text)) {
    const number = numBefore + 1;
    numBefore += line.split("\n").length;
    if (line.trim() !== "" && !line.startsWith("#")) lines.push({ number, cells: cellsOf(line, separator) });
  }
  return lines;
};

/** Physical lines, joined where a line break stands inside quotes. */
const logicalLines = (text: string): string[] => {
  const lines: string[] = [];
  let open: string[] = [];
  let isOpen = false;
  for (const line of text.split(/\r?\n/)) {
    const isNote = !isOpen && line.startsWith("#");
    if (!isNote && line.split('"').length % 2 === 0) isOpen = !isOpen;
    open.push(line);
    if (isOpen) continue;
    lines.push(open.join("\n"));
    open = [];
  }
  return open.length === 0 ? lines : [...lines, open.join("\n")];
};

/** Splits outside quotes; `""` inside quotes is one quote. */
const cellsOf = (line: string, separator: string): string[] => {
  if (!line.includes('"')) return line.split(separator).map((cell) => cell.trim());
  const cells: string[] = [];
  let cell = "";
  let isQuoted = false;
  for (let i = 0; i < line.length; i++) {
    const character = line[i] as string;
    if (character === '"' && isQuoted && line[i + 1] === '"') cell += line[++i] as string;
    else if (character === '"') isQuoted = !isQuoted;
    else if (character === separator && !isQuoted) {
      cells.push(cell.trim());
      cell = "";
    } else cell += character;
  }
  return [...cells, cell.trim()];
};

/** NaN for empty cells and words. */
const parseCell = (cell: string, hasDecimalComma: boolean): number => {
  const text = cell.toLowerCase();
  if (/^\+?inf(inity)?$/.test(text)) return Number.POSITIVE_INFINITY;
  if (/^-inf(inity)?$/.test(text)) return Number.NEGATIVE_INFINITY;
  if (text === "true" || text === "false") return text === "true" ? 1 : 0;
  if (text === "") return Number.NaN;
  return Number(hasDecimalComma && /^[+-]?\d*,\d/.test(text) ? text.replace(",", ".") : text);
};
