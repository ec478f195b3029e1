/**
 * SLURM card → the text of one sbatch script. Pure; `test/golden/sbatch/` shows what comes out.
 *
 * Names of options: https://slurm.schedmd.com/sbatch.html
 */
import type { SlurmCard } from "../cards/card.ts";
import { formatMemory } from "../cards/memory.ts";
import { optionNameOf } from "../cards/raw-options.ts";
import { formatWalltime } from "../cards/walltime.ts";
import { type BlockScript, formatWorkerPart } from "./pilots/worker-script.ts";

/** SLURM refuses longer warnings. */
const maxSignalSec = 65_535;

/** The whole script: options, environment, `worker_init`, worker. */
export const formatSbatchScript = (card: SlurmCard, block: BlockScript): string =>
  [
    "#!/bin/bash",
    `# Block ${block.name} of ${block.sweepId}, card "${card.label}".`,
    ...optionsOf(card, block).map((option) => `#SBATCH ${option}`),
    "",
    formatWorkerPart(card, block, launchOf(card)),
  ].join("\n");

/** What stands before the worker's command, and how its signals are passed on. */
const launchOf = (card: SlurmCard): { prefix: string; forward: string } => {
  const toWorker = 'kill -USR1 "$worker" 2>/dev/null';
  if (card.launcher === "single") return { prefix: "", forward: toWorker };
  if (card.launcher !== "srun") return { prefix: `${card.launcher} `, forward: toWorker };
  const cores = card.request.coresPerNode;
  // srun since 22.05 no longer inherits --cpus-per-task: without it every worker sits on one core.
  const cpus = cores === null ? "" : ` --cpus-per-task=${cores}`;
  const prefix = `srun --nodes=${card.nodesPerBlock} --ntasks-per-node=1${cpus} --kill-on-bad-exit=0 `;
  // The steps alone: srun itself takes some signals for its own.
  return { prefix, forward: 'scancel --signal=USR1 "$SLURM_JOB_ID"' };
};

const optionsOf = (card: SlurmCard, block: BlockScript): readonly string[] => {
  const { request } = card;
  const skipped = new Set(request.skippedOptions);
  const generated = [...ownOptions(card, block), ...requestedOptions(card, block), ...endOptions(card)];
  return [...generated.filter((option) => !skipped.has(optionNameOf(option) ?? "")), ...request.extraOptions];
};

const ownOptions = (card: SlurmCard, block: BlockScript): readonly string[] => [
  `--job-name=${block.jobName}`,
  `--output=${quoteOption(block.outputPath.replaceAll("%", "%%"))}`,
  "--open-mode=append",
  `--chdir=${quoteOption(block.workingFolder)}`,
  `--nodes=${card.nodesPerBlock}`,
  "--ntasks-per-node=1",
];

const requestedOptions = (card: SlurmCard, block: BlockScript): readonly string[] => {
  const { request } = card;
  const { memory } = request;
  const exclude = [...new Set([...request.exclude, ...block.badNodes])];
  const named: readonly (readonly [string, string | number | null])[] = [
    ["partition", request.partition],
    ["account", request.account],
    ["qos", request.qos],
    ["constraint", request.constraint === null ? null : quoteOption(request.constraint)],
    ["clusters", request.clusters],
    ["reservation", request.reservation],
    ["exclude", exclude.length === 0 ? null : exclude.join(",")],
    ["cpus-per-task", request.coresPerNode],
    [memory?.option ?? "mem", memory === null ? null : formatMemory(memory.mebibytes)],
    ["gres", gresOf(request)],
    ["gpus-per-node", request.gpuRequest === "gpus" ? gpusOf(request, ":") : null],
    ["time", formatWalltime(card.walltimeSec ?? "unlimited")],
  ];
  const given = named.flatMap(([name, value]) => (value === null ? [] : [`--${name}=${value}`]));
  return request.isExclusive ? [...given, "--exclusive"] : given;
};

/** `a100:2` of `gpu_type` and `gpus_per_node`; null without GPUs. */
const gpusOf = ({ gpusPerNode, gpuType }: SlurmCard["request"], separator: string): string | null => {
  if (gpusPerNode === 0) return null;
  return gpuType === null ? String(gpusPerNode) : `${gpuType}${separator}${gpusPerNode}`;
};

const gresOf = (request: SlurmCard["request"]): string | null => {
  const gpus = request.gpuRequest === "gres" ? gpusOf(request, ":") : null;
  const parts = [gpus === null ? null : `gpu:${gpus}`, request.gres].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(",");
};

const endOptions = ({ walltimeSec, drainBeforeSec }: SlurmCard): readonly string[] => {
  // SLURM's clock is coarse: a warning comes up to a minute early. Workers have a better one and need it only as a spare.
  const signal = Math.round(Math.min(maxSignalSec, drainBeforeSec, Math.max(30, drainBeforeSec - 60)));
  return walltimeSec === null || signal === 0 ? ["--requeue"] : [`--signal=B:USR1@${signal}`, "--requeue"];
};

/** sbatch splits its option lines at spaces, and knows double quotes. */
const quoteOption = (value: string): string => (/^[\w@%+=:,./-]*$/.test(value) ? value : `"${value}"`);
