/**
 * Text of squeue, sacct, scontrol and sbatch → what is known of allocations. Pure.
 *
 * A state that is not in the table is `unknown`, and unknown counts as alive: a scheduler that has nothing to say must
 * never lead to more allocations. States: https://slurm.schedmd.com/squeue.html, JOB STATE CODES.
 */

/** Where an allocation is. `ending`: SLURM cleans up after it. */
export type AllocationPhase = "pending" | "running" | "ending" | "ended" | "unknown";

/** One job as SLURM sees it. */
export interface JobStatus {
  readonly id: string;
  /** Name of the job, as it was submitted. */
  readonly name: string;
  /** SLURM's word: `PENDING`, `NODE_FAIL`. */
  readonly code: string;
  readonly phase: AllocationPhase;
  /** SLURM's reason for waiting or ending; empty: none. */
  readonly reason: string;
  /** Nodes it has or had: `n[1-2]`; empty: none. */
  readonly nodes: string;
}

const states: readonly (readonly [code: string, short: string, phase: AllocationPhase])[] = [
  ["PENDING", "PD", "pending"],
  ["CONFIGURING", "CF", "pending"],
  ["REQUEUED", "RQ", "pending"],
  ["REQUEUE_FED", "RF", "pending"],
  ["REQUEUE_HOLD", "RH", "pending"],
  ["RESV_DEL_HOLD", "RD", "pending"],
  ["SPECIAL_EXIT", "SE", "pending"],
  ["POWER_UP_NODE", "PO", "pending"],
  ["RUNNING", "R", "running"],
  ["SUSPENDED", "S", "running"],
  ["STOPPED", "ST", "running"],
  ["SIGNALING", "SI", "running"],
  ["RESIZING", "RS", "running"],
  ["COMPLETING", "CG", "ending"],
  ["STAGE_OUT", "SO", "ending"],
  ["COMPLETED", "CD", "ended"],
  ["FAILED", "F", "ended"],
  ["TIMEOUT", "TO", "ended"],
  ["CANCELLED", "CA", "ended"],
  ["PREEMPTED", "PR", "ended"],
  ["NODE_FAIL", "NF", "ended"],
  ["BOOT_FAIL", "BF", "ended"],
  ["LAUNCH_FAILED", "LF", "ended"],
  ["RECONFIG_FAIL", "RX", "ended"],
  ["DEADLINE", "DL", "ended"],
  ["OUT_OF_MEMORY", "OOM", "ended"],
  ["REVOKED", "RV", "ended"],
];

const byCode = new Map(
  states.flatMap(([code, short, phase]) => [code, short].map((word) => [word, { code, phase }])),
);

/** `CANCELLED by 1001`, `OUT_OF_ME+`, `PD` → the full code and its phase. */
export const parseJobState = (text: string): { readonly code: string; readonly phase: AllocationPhase } => {
  const word = text.trim().split(/[\s,]/)[0]?.toUpperCase() ?? "";
  const known = byCode.get(word);
  if (known !== undefined) return known;
  const beginning = word.endsWith("+") ? word.slice(0, -1) : null;
  const matches =
    beginning === null || beginning.length < 4 ? [] : states.filter(([code]) => code.startsWith(beginning));
  const [only, ...others] = matches;
  return only !== undefined && others.length === 0
    ? { code: only[0], phase: only[2] }
    : { code: word, phase: "unknown" };
};

/** Arguments of squeue by which it answers in the form that `parseSqueue` reads. */
export const squeueFormat = "%i|%j|%T|%N|%r";

/** Output of `squeue -h -o <squeueFormat>`; lines of another form (banners of sites, names of clusters) are left out. */
export const parseSqueue = (text: string): readonly JobStatus[] => parseTable(text);

/** Fields of sacct in the form that `parseSacct` reads, with `-X -n -P`. */
export const sacctFormat = "JobIDRaw,JobName,State,NodeList,Reason";

/** Output of `sacct -X -n -P -o <sacctFormat>`. */
export const parseSacct = (text: string): readonly JobStatus[] => parseTable(text);

const parseTable = (text: string): readonly JobStatus[] =>
  text.split("\n").flatMap((line): readonly JobStatus[] => {
    const [id, name, state, nodes, ...reason] = line.trim().split("|");
    if (id === undefined || name === undefined || state === undefined || nodes === undefined) return [];
    if (!/^\d+([_.+]\S*)?$/.test(id) || state === "") return [];
    return [{ id, name, ...parseJobState(state), nodes: plain(nodes), reason: plain(reason.join("|")) }];
  });

/** Output of `scontrol -o show job`, one job a line. */
export const parseScontrolJobs = (text: string): readonly JobStatus[] =>
  text.split("\n").flatMap((line): readonly JobStatus[] => {
    const field = (name: string): string => new RegExp(`(?:^| )${name}=(\\S*)`).exec(line)?.[1] ?? "";
    const id = field("JobId");
    const state = field("JobState");
    if (id === "" || state === "") return [];
    const nodes = plain(field("NodeList"));
    return [{ id, name: field("JobName"), ...parseJobState(state), nodes, reason: plain(field("Reason")) }];
  });

/** SLURM's ways of saying nothing. */
const plain = (value: string): string =>
  /^(\(null\)|None|None assigned|n\/a|N\/A)?$/.test(value) ? "" : value;

/**
 * The job id that `sbatch --parsable` printed (`17`, or `17;cluster`), also among other lines; or what `pattern` finds
 * (group `id`, else the first group). Null: none is there.
 */
export const parseJobId = (output: string, pattern: string | null): string | null => {
  if (pattern !== null) {
    const match = new RegExp(pattern, "m").exec(output);
    const id = match?.groups?.["id"] ?? match?.[1];
    if (id !== undefined && /^\d+$/.test(id)) return id;
  }
  const lines = output.split("\n").map((line) => line.trim());
  const ids = lines.flatMap((line) => /^(\d+)(;\S+)?$/.exec(line)?.[1] ?? []);
  return ids.at(-1) ?? /^Submitted batch job (\d+)/m.exec(output)?.[1] ?? null;
};

/**
 * Why sbatch did not answer with an id. `permanent`: the same card will never be taken. `in_doubt`: the job may be
 * queued all the same (the controller was slow, or sbatch failed after it), so that the block must be looked for by its name.
 * `transient`: it was not taken; try later.
 */
export type Refusal = "permanent" | "in_doubt" | "transient";

const permanentTexts =
  /invalid (partition|account|qos|feature|generic resource|time limit|constraint|node name|reservation|job constraints|license|cluster)|invalid.*\bspecified|unrecognized option|invalid option|requested node configuration is not available|requested (partition|time|node)\b.*(invalid|not available|permitted)|more (processors|memory) (requested|than)|memory specification can not be satisfied|no partition specified|can't find an address|invalid (--|number|memory|user|directive)|access.*denied|not permitted|does not exist|invalid wckey/i;
const doubtfulTexts =
  /timed out|unable to contact|communication|connection|socket|zero bytes|unexpected message|backup controller/i;

/** sbatch's last word on a job that the controller did not take. */
const refusalText = /^sbatch: error: Batch job submission failed:/im;
/** sbatch's own lines, not those of wrappers and of plugins, which also run after the job is queued. */
const ownLine = /^sbatch: (?!.*\b(spank|plugin)\b)/i;

/** Judges the error text of an sbatch that failed: only its own definite words are a refusal. */
export const judgeRefusal = (errorText: string): Refusal => {
  if (doubtfulTexts.test(errorText)) return "in_doubt";
  const own = errorText.split("\n").filter((line) => ownLine.test(line.trim()));
  if (own.some((line) => permanentTexts.test(line))) return "permanent";
  return refusalText.test(errorText) ? "transient" : "in_doubt";
};

/** Reasons for which a pending job will wait for ever. */
const hopelessReasons =
  /^(PartitionTimeLimit|PartitionNodeLimit|PartitionInactive|PartitionDown|BadConstraints|InvalidAccount|InvalidQOS|QOSNotAllowed|AccountNotAllowed|AssocMax\w*PerJobLimit|AssocMaxWallDurationPerJobLimit|QOSMax\w*PerJobLimit|QOSMin\w*|JobHeldUser|JobHeldAdmin|DependencyNeverSatisfied|launch_failed_requeued_held)/;

/** True if SLURM says that the job will not start unless somebody changes something. */
export const isHopeless = (reason: string): boolean => hopelessReasons.test(reason);

/** `n[1-2,7],gpu03` → n1 n2 n7 gpu03; leading zeros are kept. A list of unknown form is one name. */
export const expandNodes = (nodes: string): readonly string[] =>
  splitOutsideBrackets(nodes).flatMap((part) => {
    const match = /^([^[\]]*)\[([^[\]]+)\]$/.exec(part);
    if (match === null) return part === "" ? [] : [part];
    const [, stem = "", ranges = ""] = match;
    return ranges.split(",").flatMap((range) => expandRange(range).map((number) => `${stem}${number}`));
  });

const splitOutsideBrackets = (text: string): readonly string[] => text.split(/,(?![^[]*\])/);

const maxExpanded = 10_000;

const expandRange = (range: string): readonly string[] => {
  const [first = "", last] = range.split("-");
  if (last === undefined) return [first];
  const count = Math.min(maxExpanded, Math.max(0, Number(last) - Number(first) + 1));
  return Array.from({ length: count }, (_, index) =>
    String(Number(first) + index).padStart(first.length, "0"),
  );
};
