/** Options that all commands which run tasks share, and how they are parsed. */
import { type Command, Option } from "commander";
import { SweepError } from "../../core/errors.ts";
import { backendChoices } from "../../tasks/probe-backends.ts";
import { type ListenAddress, parseListenAddress } from "../http/listen.ts";
import { collect, parseCount } from "../option-values.ts";

/** The command line of `workflow llc`, `build` and `sample`. */
export interface SweepOptions {
  readonly config: string;
  /** `FILE`, or `build=FILE` and `sample=FILE`; empty: the card `local`. */
  readonly cards: readonly string[];
  readonly backend: string;
  /** `private`, `private:<interface>`, a URL, or a file that names one; null: what cards and environment say. */
  readonly redis: string | null;
  /** The driver goes on in the background. */
  readonly detach: boolean;
  /** Where Prometheus may ask; null: nowhere. */
  readonly metrics: ListenAddress | null;
  readonly slots: number | null;
  readonly set: readonly string[];
  readonly dryRun: boolean;
  /** False with `--no-skip`: finished work is done again. */
  readonly skip: boolean;
  /** Null: keep going. 1 is `--fail-fast`. */
  readonly maxFails: number | null;
  readonly json: boolean;
  /** Never with `build`, which has nothing to judge. */
  readonly requireConverged: boolean;
}

/** Adds the options to a command that builds and samples. */
export const addSweepOptions = (command: Command): Command =>
  addBuildOptions(command).addOption(
    new Option("--backend <name>", "compute backend").choices(backendChoices).default("auto"),
  );

/** Adds the options to a command that only builds: on the backend `wasm`, whatever samples. */
export const addBuildOptions = (command: Command): Command =>
  command
    .option("--config <file>", "experiment file", "config/experiments.yaml")
    .option("--local", "run on this machine, with nothing else to install")
    .option(
      "--card <file>",
      "card that says where workers run (cards/*.yaml); or build=<file> and sample=<file>",
      collect,
      [],
    )
    .addOption(
      new Option("--parsl-card <file>", "other spelling of --card").argParser(collect).default([]).hideHelp(),
    )
    .option("--slots <n>", "tasks at the same time (default: cores / threads per task)", parseCount)
    .option(
      "--set <path=value>",
      "override any key of the experiment, or of the card as card.<key> (card.build.<key>, card.sample.<key>)",
      collect,
      [],
    )
    .option(
      "--redis <url>",
      "queue over Redis, so that workers elsewhere can take part: an address, a file of mode 0600 that holds it, or private (started for the sweep; private:ib0 for an interface)",
    )
    .option("--detach", "go on in the background; watch with status, stop with cancel")
    .option(
      "--metrics <[host:]port>",
      "serve Prometheus metrics while the sweep runs, on loopback unless a host is named",
      parseListenAddress,
    )
    .option("--dry-run", "print what would be done, and stop")
    .option("--no-skip", "do finished work again")
    .option("--fail-fast", "stop after the first failed task")
    .option("--max-fails <n>", "stop after n failed tasks", parseCount)
    .option("--json", "print events as JSON lines on stdout");

/** Adds the options to a command that samples. */
export const addSamplingOptions = (command: Command): Command =>
  addSweepOptions(command).option("--require-converged", "exit with 4 unless every run has converged");

/** Raw options of commander → checked options. @throws SweepError `USAGE` for combinations that contradict each other. */
export const sweepOptionsOf = (raw: Record<string, unknown>): SweepOptions => {
  const is = (name: string): boolean => raw[name] === true;
  refuseContradictions(raw, is);
  return {
    config: raw["config"] as string,
    cards: cardsOf(raw),
    backend: (raw["backend"] ?? "auto") as string,
    redis: (raw["redis"] ?? null) as string | null,
    detach: is("detach"),
    metrics: (raw["metrics"] ?? null) as ListenAddress | null,
    slots: countOf(raw["slots"]),
    set: raw["set"] as readonly string[],
    dryRun: is("dryRun"),
    skip: raw["skip"] !== false,
    maxFails: is("failFast") ? 1 : countOf(raw["maxFails"]),
    json: is("json"),
    requireConverged: is("requireConverged"),
  };
};

const cardsOf = (raw: Record<string, unknown>): readonly string[] =>
  [raw["card"], raw["parslCard"]].flatMap((list) => (list ?? []) as readonly string[]);

/** Commands for single cells run here unless a card is given. */
export const withDefaultPlace = (raw: Record<string, unknown>): Record<string, unknown> =>
  cardsOf(raw).length === 0 ? { ...raw, local: true } : raw;

const countOf = (value: unknown): number | null => (typeof value === "number" ? value : null);

const refuseContradictions = (raw: Record<string, unknown>, is: (name: string) => boolean): void => {
  const cards = cardsOf(raw);
  const given = (name: string): boolean => ((raw[name] ?? []) as readonly string[]).length > 0;
  const contradictions: readonly (readonly [boolean, string])[] = [
    [given("card") && given("parslCard"), "--card and --parsl-card say the same thing; give one."],
    [
      is("detach") && is("json"),
      "--detach prints nothing to follow; use status --watch --json instead of --json.",
    ],
    [is("failFast") && raw["maxFails"] !== undefined, "--fail-fast is --max-fails 1; give one of them."],
    [
      is("local") && cards.length > 0,
      "--local uses cards/local.yaml; leave it out to use the card given with --card.",
    ],
    [
      !is("local") && cards.length === 0 && !is("dryRun"),
      "where should it run? Expected --local (this machine) or --card FILE (for example cards/local.yaml).",
    ],
  ];
  for (const [isWrong, message] of contradictions) if (isWrong) throw new SweepError("USAGE", message);
};

/** `--set card.slots=1` is for the card, everything else for the experiment. */
export const splitSets = (
  sets: readonly string[],
): { experiment: readonly string[]; card: readonly string[] } => ({
  experiment: sets.filter((set) => !set.startsWith("card.")),
  card: sets.filter((set) => set.startsWith("card.")).map((set) => set.slice("card.".length)),
});
