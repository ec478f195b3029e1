/** `lambda-hat exact-llc`: the learning coefficient of a deep linear network, from Aoyagi's formula. */
import { Command, InvalidArgumentError } from "commander";
import { aoyagiLlc } from "../../analysis/aoyagi.ts";
import { SweepError } from "../../core/errors.ts";
import { printJson, printLine } from "../output/print.ts";

const parseWidths = (text: string): number[] => {
  const widths = text.split(",").map((part) => Number(part.trim()));
  if (widths.length < 2 || widths.some((width) => !Number.isInteger(width) || width < 1)) {
    throw new InvalidArgumentError("expected at least two positive integers, for example 5,3,5.");
  }
  return widths;
};

const parseRank = (text: string): number => {
  const rank = Number(text);
  if (!Number.isInteger(rank) || rank < 0) throw new InvalidArgumentError("expected an integer ≥ 0.");
  return rank;
};

export const exactLlcCommand = (): Command =>
  new Command("exact-llc")
    .description("exact λ and multiplicity of a deep linear network (Aoyagi)")
    .requiredOption("--widths <list>", "input, hidden and output widths, for example 5,3,5", parseWidths)
    .requiredOption("--rank <r>", "rank of the true map", parseRank)
    .option("--json", "print JSON")
    .action((options: { widths: number[]; rank: number; json?: boolean }) => {
      const { widths, rank } = options;
      if (rank > Math.min(...widths)) {
        throw new SweepError(
          "USAGE",
          `--rank ${rank} is larger than the smallest width ${Math.min(...widths)}; no such map exists.`,
        );
      }
      const { lambda, multiplicity } = aoyagiLlc(widths, rank);
      let dim = 0;
      for (let layer = 1; layer < widths.length; layer++)
        dim += (widths[layer - 1] ?? 0) * (widths[layer] ?? 0);
      if (options.json) printJson({ widths, rank, lambda, multiplicity, half_dim: dim / 2 });
      else printLine(`λ = ${lambda}, multiplicity ${multiplicity} (d/2 = ${dim / 2})`);
    });
