/** Blocks as SLURM jobs: the only code that runs sbatch, squeue, sacct, scontrol and scancel. */
import { userInfo } from "node:os";
import type { SlurmCard } from "../cards/card.ts";
import type { Allocator, NamedBlock, StatusAnswer, SubmitOutcome } from "./pilots/allocator.ts";
import { type CommandEnd, type RunCommand, runCommand } from "./pilots/run-command.ts";
import { type BlockScript, quoteWord } from "./pilots/worker-script.ts";
import { formatSbatchScript } from "./slurm-script.ts";
import {
  type JobStatus,
  judgeRefusal,
  parseJobId,
  parseSacct,
  parseScontrolJobs,
  parseSqueue,
  sacctFormat,
  squeueFormat,
} from "./slurm-status.ts";

type Answer =
  | { readonly jobs: readonly JobStatus[] }
  | { readonly message: string; readonly isPermanent: boolean };

/** SLURM, spoken to through its commands. */
export class SlurmAllocator implements Allocator {
  readonly description: string;
  readonly #card: SlurmCard;
  readonly #run: RunCommand;
  readonly #user = userInfo().username;
  /** Sites without an accounting database say so once. */
  #hasAccounting: boolean;

  constructor(card: SlurmCard, run: RunCommand = runCommand) {
    this.#card = card;
    this.#run = run;
    this.#hasAccounting = card.status.command !== "squeue";
    const { partition } = card.request;
    this.description = `SLURM${partition === null ? "" : `, partition ${partition}`}`;
  }

  adopt(): void {} // SLURM knows them itself

  async submit(block: BlockScript): Promise<SubmitOutcome> {
    const end = await this.#call(["sbatch", "--parsable"], formatSbatchScript(this.#card, block));
    if (end.kind === "missing")
      return { kind: "refused", message: missing("sbatch", this.#card), isPermanent: true };
    if (end.kind === "timed_out") {
      const limit = this.#card.submit.commandTimeoutSec;
      return { kind: "in_doubt", message: `sbatch gave no answer within ${limit} s${quoted(end)}` };
    }
    const id = end.code === 0 ? parseJobId(end.stdout, this.#card.jobIdPattern) : null;
    if (id !== null) return { kind: "taken", id };
    if (end.code === 0) return { kind: "in_doubt", message: `sbatch printed no job id${quoted(end)}` };
    const refusal = judgeRefusal(end.stderr);
    if (refusal === "in_doubt")
      return { kind: "in_doubt", message: `sbatch failed, and may have queued the block${quoted(end)}` };
    const message = `sbatch refused the block${quoted(end)}`;
    return { kind: "refused", message, isPermanent: refusal === "permanent" };
  }

  /** Asks SLURM whether it would take a script. Null: it would. Else what it says. `said`: its estimate. */
  async test(block: BlockScript): Promise<{ readonly problem: string | null; readonly said: string }> {
    const end = await this.#call(["sbatch", "--test-only"], formatSbatchScript(this.#card, block));
    if (end.kind === "missing") return { problem: missing("sbatch", this.#card), said: "" };
    if (end.kind === "timed_out") return { problem: `sbatch gave no answer${quoted(end)}`, said: "" };
    const said = `${end.stdout}\n${end.stderr}`.trim();
    return end.code === 0
      ? { problem: null, said }
      : { problem: `sbatch would refuse the block${quoted(end)}`, said };
  }

  async status(blocks: readonly NamedBlock[]): Promise<StatusAnswer> {
    const { command } = this.#card.status;
    const first = command === "sacct" ? await this.#sacct(blocks) : await this.#squeue();
    if ("message" in first) return { kind: "no_answer", ...first };
    const byJobName = new Map(latestByName(first.jobs));
    const forgotten = blocks.filter(({ jobName }) => !byJobName.has(jobName));
    if (command !== "sacct" && this.#hasAccounting && forgotten.length > 0) {
      const more = await this.#sacct(forgotten);
      if ("jobs" in more) for (const [name, job] of latestByName(more.jobs)) byJobName.set(name, job);
    }
    const found = blocks.flatMap(({ name, jobName }) => {
      const job = byJobName.get(jobName);
      return job === undefined ? [] : [[name, job] as const];
    });
    return { kind: "answer", byName: new Map(found) };
  }

  async cancel(blocks: readonly NamedBlock[]): Promise<string | null> {
    const ids = blocks.flatMap(({ id }) => (id === null ? [] : [id]));
    const batches = chunks(ids, this.#card.status.batchSize);
    const doubtful = blocks.filter(({ id }) => id === null).map(({ jobName }) => [`--name=${jobName}`]);
    let problem: string | null = null;
    for (const which of [...batches, ...doubtful]) {
      const end = await this.#call(["scancel", ...this.#clusters(), `--user=${this.#user}`, ...which]);
      const isDone = end.kind === "exited" && (end.code === 0 || /invalid job id/i.test(end.stderr));
      if (!isDone)
        problem = `scancel ${which.join(" ")} did not work${end.kind === "missing" ? "" : quoted(end)}`;
    }
    return problem;
  }

  /** Jobs of the user, those that ended a few minutes ago included; scontrol where squeue is not allowed. */
  async #squeue(): Promise<Answer> {
    const words = [
      "squeue",
      "--noheader",
      "--states=all",
      `--user=${this.#user}`,
      `--format=${squeueFormat}`,
    ];
    const answer = readAnswer(await this.#call([...words, ...this.#clusters()]), parseSqueue, "squeue");
    if ("jobs" in answer || answer.isPermanent) return answer;
    const other = await this.#call(["scontrol", ...this.#clusters(), "-o", "show", "job"]);
    const second = readAnswer(other, parseScontrolJobs, "scontrol");
    return "jobs" in second ? second : answer;
  }

  async #sacct(blocks: readonly NamedBlock[]): Promise<Answer> {
    const jobs: JobStatus[] = [];
    for (const names of chunks(
      blocks.map(({ jobName }) => jobName),
      this.#card.status.batchSize,
    )) {
      // Its window begins at midnight unless told otherwise: jobs would vanish every night.
      const words = [
        "sacct",
        "-X",
        "-n",
        "-P",
        "-S",
        "now-7days",
        "-o",
        sacctFormat,
        `--name=${names.join(",")}`,
      ];
      const answer = readAnswer(await this.#call([...words, ...this.#clusters()]), parseSacct, "sacct");
      if ("message" in answer) {
        if (/accounting storage is disabled/i.test(answer.message)) this.#hasAccounting = false;
        return answer;
      }
      jobs.push(...answer.jobs);
    }
    return { jobs };
  }

  #clusters(): readonly string[] {
    const { clusters } = this.#card.request;
    return clusters === null ? [] : [`--clusters=${clusters}`];
  }

  async #call(words: readonly string[], input = ""): Promise<CommandEnd> {
    const { via, submit } = this.#card;
    // ssh joins its words with spaces for a shell on the other side.
    const command = via === null ? words : [...via.trim().split(/\s+/), words.map(quoteWord).join(" ")];
    return await this.#run(command, { input, timeoutMs: submit.commandTimeoutSec * 1000 });
  }
}

const readAnswer = (
  end: CommandEnd,
  parse: (text: string) => readonly JobStatus[],
  program: string,
): Answer => {
  if (end.kind === "missing") return { message: `${program} is not on PATH`, isPermanent: true };
  if (end.kind === "exited" && end.code === 0) return { jobs: parse(end.stdout) };
  return { message: `${program} gave no answer${quoted(end)}`, isPermanent: false };
};

/** A requeued job has one line, a name that was used twice the newest id. */
const latestByName = (jobs: readonly JobStatus[]): readonly (readonly [string, JobStatus])[] =>
  jobs
    .toSorted((a, b) => Number.parseInt(a.id, 10) - Number.parseInt(b.id, 10))
    .map((job) => [job.name, job]);

const chunks = (items: readonly string[], size: number): readonly (readonly string[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );

const missing = (program: string, { via }: SlurmCard): string =>
  via === null
    ? `${program} is not on PATH here. Run this on a node where SLURM's commands are, or set submit.via of the card, for example: ssh login1`
    : `${program} was not found through submit.via ("${via}")`;

/** ` (exit code 1): "text"` with the words of the command, without empty lines. */
const quoted = (end: Exclude<CommandEnd, { kind: "missing" }>): string => {
  const text = `${end.stderr}\n${end.stdout}`
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join(" | ")
    .slice(0, 600);
  const code = end.kind === "exited" ? ` (exit code ${end.code})` : "";
  return `${code}${text === "" ? "" : `: "${text}"`}`;
};
