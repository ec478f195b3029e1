/** Contradictions in cards of pilots, which no single field shows. Pure. */

import { taskClasses } from "../core/task-class.ts";
import { parseSeconds } from "./fields.ts";
import type { CommandCardFile, SlurmCardFile } from "./pilot-card-schema.ts";
import { mistakeInOption, optionNameOf, parseRawOptions, unskippableOptions } from "./raw-options.ts";
import { parseWalltime } from "./walltime.ts";

/** Where it is wrong, and what: the end of the sentence after the place. */
export interface CardMistake {
  readonly path: readonly (string | number)[];
  readonly text: string;
}

type PilotFile = SlurmCardFile | CommandCardFile;
type Check<File> = (file: File) => readonly (CardMistake | false)[];

/** All contradictions of a SLURM card. */
export const mistakesInSlurmCard = (file: SlurmCardFile): readonly CardMistake[] =>
  run(file, [checkBlocks, checkWorkers, checkLife, checkMemory, checkGpus, checkOptions, checkSpellings]);

/** All contradictions of a command card. */
export const mistakesInCommandCard = (file: CommandCardFile): readonly CardMistake[] =>
  run(file, [checkBlocks, checkWorkers, checkLife, checkCommand]);

const run = <File>(file: File, checks: readonly Check<File>[]): readonly CardMistake[] =>
  checks.flatMap((check) => check(file).filter((mistake) => mistake !== false));

const wrong = (condition: boolean, path: string, text: string): CardMistake | false =>
  condition && { path: path.split("."), text };

const checkBlocks: Check<PilotFile> = ({ init_blocks: init, min_blocks: min, max_blocks: max }) => {
  const most = max ?? Number.POSITIVE_INFINITY;
  return [
    wrong(init > most, "init_blocks", `got ${init}; expected at most max_blocks, which is ${max}.`),
    wrong(min > most, "min_blocks", `got ${min}; expected at most max_blocks, which is ${max}.`),
  ];
};

const slotSpellings = ["workers_per_node", "max_workers", "max_workers_per_node"] as const;

/** The spellings of the number of workers that are given, with their numbers. */
const givenSlots = (file: PilotFile): readonly (readonly [string, number])[] =>
  slotSpellings.flatMap((key) => {
    const slots = file[key];
    return typeof slots === "number" ? [[key, slots] as const] : [];
  });

const checkWorkers: Check<PilotFile> = (file) => {
  const cores = file.cores_per_node ?? Number.POSITIVE_INFINITY;
  const each = file.cores_per_worker ?? 1;
  const gpus = file.gpus_per_node ?? 0;
  const [first, second] = givenSlots(file);
  if (first === undefined) {
    const text = `got ${each}; expected no more than the ${cores} cores of cores_per_node.`;
    return [wrong(each > cores, "cores_per_worker", text)];
  }
  const [key, slots] = first;
  const tooWide = `got ${slots} workers of ${each} cores; expected no more than the ${cores} cores of cores_per_node.`;
  const tooMany = `got ${slots} workers for ${gpus} GPUs; expected at most one worker a GPU.`;
  return [
    second !== undefined && differ(first, second),
    wrong(slots * each > cores, key, tooWide),
    wrong(gpus > 0 && slots > gpus, key, tooMany),
  ];
};

const differ = (
  [key, slots]: readonly [string, number],
  [other, otherSlots]: readonly [string, number],
): CardMistake | false => {
  const text = `got ${otherSlots} beside ${key}: ${slots}; they mean the same, expected one of them.`;
  return wrong(slots !== otherSlots, other, text);
};

const checkLife: Check<PilotFile> = (file) => {
  const life = parseWalltime(file.walltime);
  if (typeof life !== "number") return [];
  const drain = parseSeconds(file.drain_before) ?? 0;
  const left = life - drain;
  const tooLong = taskClasses.filter(
    (name) => drain < life && (parseSeconds(file.time_request?.[name]) ?? 0) > left,
  );
  return [
    wrong(
      drain >= life,
      "drain_before",
      `got ${drain} s; expected less than the walltime, which is ${life} s.`,
    ),
    ...tooLong.map((name) =>
      wrong(
        true,
        `time_request.${name}`,
        `got more than a whole block lives: ${left} s until drain_before; expected less, or a longer walltime.`,
      ),
    ),
  ];
};

const checkMemory: Check<SlurmCardFile> = (file) => {
  const given = (["mem_per_node", "mem_per_gpu", "mem_per_cpu"] as const).filter((key) => file[key] !== null);
  return [
    wrong(
      given.length > 1,
      given[1] ?? "",
      `got a size beside ${given[0]}; SLURM takes one of them, expected one.`,
    ),
    wrong(
      file.mem_per_gpu !== null && (file.gpus_per_node ?? 0) === 0,
      "mem_per_gpu",
      "got a size without GPUs; expected gpus_per_node >= 1 beside it.",
    ),
  ];
};

const checkGpus: Check<SlurmCardFile> = (file) => {
  const gpus = file.gpus_per_node ?? 0;
  const asksInGres = /(^|,)\s*gpu\b/.test(file.gres ?? "");
  return [
    wrong(
      gpus > 0 && asksInGres,
      "gres",
      `got "${file.gres}" beside gpus_per_node: ${gpus}; both ask for GPUs, expected one of them.`,
    ),
    wrong(
      file.gpu_type !== null && gpus === 0,
      "gpu_type",
      `got "${file.gpu_type}" without GPUs; expected gpus_per_node >= 1 beside it.`,
    ),
  ];
};

const checkOptions: Check<SlurmCardFile> = (file) => {
  const skipped = (file.directives_skip ?? []).map(String);
  const bad = skipped.filter((name) => unskippableOptions.includes(name));
  const inLines = (["scheduler_options", "scheduler_options_extra"] as const).flatMap((key) =>
    parseRawOptions(file[key] ?? "").map((option) => {
      const text = mistakeInOption(option, skipped);
      return wrong(text !== null, key, text ?? "");
    }),
  );
  return [
    ...bad.map((name) =>
      wrong(
        true,
        "directives_skip",
        `got "${name}"; expected only options that blocks can be followed without.`,
      ),
    ),
    ...inLines,
    wrong(
      file.launcher === "single" && file.nodes_per_block > 1,
      "launcher",
      `got "single" with nodes_per_block: ${file.nodes_per_block}; it starts a worker on the first node only, expected srun.`,
    ),
    wrong(
      file.launcher === "command",
      "launcher",
      'got "command" in a card of type slurm; expected type: command, where the key command starts a worker.',
    ),
    wrong(
      !isPattern(file.regex_job_id),
      "regex_job_id",
      "got a text that is no regular expression; expected one.",
    ),
  ];
};

const isPattern = (text: string | null): boolean => {
  try {
    return text === null || new RegExp(text.replaceAll("(?P<", "(?<")) instanceof RegExp;
  } catch {
    return false;
  }
};

/** Parsl's spelling of a key beside ours. */
const checkSpellings: Check<SlurmCardFile> = (file) => [
  wrong(
    file.cmd_timeout !== undefined && file.submit?.cmd_timeout !== undefined,
    "cmd_timeout",
    "got a value beside submit.cmd_timeout; they mean the same, expected one of them.",
  ),
  wrong(
    file.status_polling_interval !== undefined && file.status?.interval !== undefined,
    "status_polling_interval",
    "got a value beside status.interval; they mean the same, expected one of them.",
  ),
];

const checkCommand: Check<CommandCardFile> = (file) => {
  const fields = [...file.command.matchAll(/\{(\w*)\}/g)].map((match) => match[1] as string);
  const unknown = fields.filter((name) => !["script", "host", "block"].includes(name));
  const hosts = file.hosts === null ? [] : [file.hosts].flat();
  return [
    wrong(
      !fields.includes("script"),
      "command",
      `got "${file.command}"; expected a command with {script} in it, for example: bash {script}`,
    ),
    ...unknown.map((name) =>
      wrong(true, "command", `got the unknown field {${name}}; expected {script}, {host} or {block}.`),
    ),
    wrong(
      fields.includes("host") && hosts.length === 0,
      "hosts",
      "got none beside {host} in the command; expected a list of hosts.",
    ),
    wrong(
      hosts.length > 0 && (file.max_blocks ?? 0) > hosts.length,
      "max_blocks",
      `got ${file.max_blocks}; expected at most the ${hosts.length} hosts.`,
    ),
    wrong(
      optionNameOf(file.command) !== null,
      "command",
      `got "${file.command}"; expected a command, not an option.`,
    ),
  ];
};
