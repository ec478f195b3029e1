/** `lambda-hat card`: check a card, show what it would submit, and try it with one short allocation. */
import { Command, InvalidArgumentError } from "commander";
import type { Card, PilotCard } from "../../cards/card.ts";
import { type LoadedCard, loadCard } from "../../cards/load-card.ts";
import { writeJsonAtomic } from "../../core/atomic-write.ts";
import { SweepError } from "../../core/errors.ts";
import { describeWorker } from "../../executors/pilots/worker-script.ts";
import { SlurmAllocator } from "../../executors/slurm-allocator.ts";
import { storeAt } from "../../runs/layout.ts";
import { collect } from "../option-values.ts";
import { printJson, printLine, printNote } from "../output/print.ts";
import { exampleBlock, exampleScript } from "../sweep/example-script.ts";
import { type NodeReport, reportNode } from "../sweep/node-report.ts";
import { probeCard } from "../sweep/probe-card.ts";
import { onSignals } from "../sweep/stop-signals.ts";

interface CardOptions {
  readonly set: readonly string[];
  readonly json?: boolean;
}

/** `card.walltime=1h` and `walltime=1h` mean the same here. */
const load = (file: string, { set }: CardOptions): LoadedCard =>
  loadCard(file, { sets: set.map((text) => text.replace(/^card\./, "")) });

const cardArgument = (name: string, description: string): Command =>
  new Command(name)
    .description(description)
    .argument("<card>", "card file, or the name of one in cards/, as in slurm/cpu")
    .option("--set <path=value>", "override any key of the card, for example walltime=04:00:00", collect, [])
    .option("--json", "print JSON");

/** Stands for the id of a sweep in what is shown before there is one. */
const exampleSweep = "swp_000000000000";

const checkCommand = (): Command =>
  cardArgument("check", "report every mistake in a card, and ask SLURM whether it would take it")
    .option("--offline", "ask nobody")
    .action(async (file: string, options: CardOptions & { offline?: boolean }) => {
      const { card } = load(file, options);
      const said = options.offline === true ? "" : await askScheduler(card);
      if (options.json === true)
        printJson({ card: file, ok: true, type: card.type, label: card.label, said });
      else {
        printLine(`${file}: ok, ${describeCard(card)}`);
        if (said !== "") printLine(said);
      }
    });

/** What sbatch says about a block. @throws SweepError `ENVIRONMENT` if it would refuse it. */
const askScheduler = async (card: Card): Promise<string> => {
  if (card.type !== "slurm") return "";
  const { problem, said } = await new SlurmAllocator(card).test(
    exampleBlock(card, exampleSweep, storeAt(process.cwd())),
  );
  if (problem !== null) throw new SweepError("ENVIRONMENT", `card "${card.label}": ${problem}.`);
  return said;
};

const describeCard = (card: Card): string => {
  if (card.type === "local")
    return `${card.executors.reduce((sum, { slots }) => sum + slots, 0)} slots on this machine`;
  const { max } = card.blocks;
  const nodes = card.nodesPerBlock === 1 ? "" : ` of ${card.nodesPerBlock} nodes`;
  return `at most ${max} block${max === 1 ? "" : "s"}${nodes}, on each node ${describeWorker(card)}`;
};

const showCommand = (): Command =>
  cardArgument("show", "print the batch script of a block, or with --yaml the card with every key")
    .option("--yaml", "print the resolved card")
    .action((file: string, options: CardOptions & { yaml?: boolean }) => {
      const { card, resolvedText } = load(file, options);
      const script = card.type === "slurm" ? exampleScript(card, exampleSweep, storeAt(process.cwd())) : null;
      if (options.json === true) printJson({ card: resolvedText, script });
      else printLine((options.yaml === true ? resolvedText : (script ?? resolvedText)).trimEnd());
    });

const parseTimeout = (text: string): number => {
  const seconds = Number(text);
  if (!Number.isFinite(seconds) || seconds <= 0)
    throw new InvalidArgumentError("expected a number of seconds > 0.");
  return seconds;
};

const probeCommand = (): Command =>
  cardArgument("probe", "submit one short allocation that reports what a worker would see")
    .option("--timeout <seconds>", "give up after so long", parseTimeout, 600)
    .action(async (file: string, options: CardOptions & { timeout: number }) => {
      const card = pilotOf(file, load(file, options).card);
      const signals = onSignals(printNote);
      try {
        const { report, seconds } = await probeCard(card, {
          timeoutSec: options.timeout,
          say: printNote,
          stop: signals.stop,
        });
        if (options.json === true) printJson({ seconds, ...report });
        else for (const line of reportLines(card, report, seconds)) printLine(line);
        refuseUnreachable(card, report);
      } finally {
        signals.close();
      }
    });

const pilotOf = (file: string, card: Card): PilotCard => {
  if (card.type !== "local") return card;
  throw new SweepError("USAGE", `${file} is of type local; expected a card whose workers run elsewhere.`);
};

const reportLines = ({ redis }: PilotCard, report: NodeReport, seconds: number): readonly string[] => [
  `after     ${seconds.toFixed(1)} s`,
  `node      ${report.slurm_node ?? report.host}${report.slurm_job === null ? "" : `, job ${report.slurm_job}`}`,
  `cores     ${report.cores}`,
  `memory    ${report.memory_mib} MiB, ${report.free_memory_mib} MiB free`,
  `gpus      ${report.gpus.length === 0 ? "none seen" : report.gpus.join("; ")} (CUDA_VISIBLE_DEVICES ${report.cuda_visible_devices ?? "not set"})`,
  `tmp       ${report.temporary_folder}, ${report.temporary_free_mib ?? "?"} MiB free`,
  `node.js   ${report.node_version} at ${report.node_path}`,
  ...report.backends.map(
    ({ name, is_usable, detail }) => `backend   ${name}: ${is_usable ? "" : "not usable: "}${detail}`,
  ),
  ...(report.driver === null
    ? []
    : [
        `${redis.url === null ? "driver" : "redis "}    ${report.driver.address} ${report.driver.is_reachable ? "reached" : "NOT reached"}: ${report.driver.detail}`,
      ]),
];

const refuseUnreachable = (card: PilotCard, { driver }: NodeReport): void => {
  if (driver === null || driver.is_reachable) return;
  const [where, advice] =
    card.redis.url === null
      ? ["this machine", "Set redis.interface of the card to a network that both are on, or redis.url."]
      : [
          "Redis",
          "Set redis.url of the card to an address that works on the nodes, and let Redis listen there.",
        ];
  throw new SweepError(
    "ENVIRONMENT",
    `card "${card.label}": the node cannot reach ${where} at ${driver.address} (${driver.detail}). ${advice}`,
  );
};

/** Runs on the node. */
const reportCommand = (): Command =>
  new Command("report")
    .description("write what a worker would see here (started by card probe)")
    .requiredOption("--to <file>", "JSON file to write")
    .option("--dial <host:port>", "address to try, or path of a socket")
    .action(async ({ to, dial }: { to: string; dial?: string }) => {
      writeJsonAtomic(to, await reportNode(dial ?? null));
    });

/** The command with its subcommands `check`, `show`, `probe` and, hidden, `report`. */
export const cardCommand = (): Command =>
  new Command("card")
    .description("check, show and try cards, which say where workers run")
    .addCommand(checkCommand())
    .addCommand(showCommand())
    .addCommand(probeCommand())
    .addCommand(reportCommand(), { hidden: true });
