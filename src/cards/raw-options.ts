/** `scheduler_options`: lines of sbatch options that the user writes, checked against those that lambda-hat writes itself. */

/** sbatch options that a card has a key for. */
const keyOfOption: Readonly<Record<string, string>> = {
  partition: "partition",
  p: "partition",
  account: "account",
  A: "account",
  qos: "qos",
  q: "qos",
  constraint: "constraint",
  C: "constraint",
  clusters: "clusters",
  M: "clusters",
  reservation: "reservation",
  exclude: "exclude",
  x: "exclude",
  nodes: "nodes_per_block",
  N: "nodes_per_block",
  "cpus-per-task": "cores_per_node",
  c: "cores_per_node",
  mem: "mem_per_node",
  "mem-per-cpu": "mem_per_cpu",
  "mem-per-gpu": "mem_per_gpu",
  "gpus-per-node": "gpus_per_node",
  gpus: "gpus_per_node",
  G: "gpus_per_node",
  gres: "gres",
  exclusive: "exclusive",
  time: "walltime",
  t: "walltime",
};

/** Options without which blocks could not be followed. */
const ownOptions: ReadonlySet<string> = new Set(
  "job-name J output o error e open-mode signal requeue no-requeue parsable array a wrap wait W chdir D ntasks n ntasks-per-node kill-on-invalid-dep dependency d test-only hold H".split(
    " ",
  ),
);

/** `#SBATCH --x=1` or `--x=1`, one a line → options; empty lines and plain comments are left out. */
export const parseRawOptions = (text: string): readonly string[] =>
  text
    .split(/\r?\n/)
    .map((line) => line.trim().replace(/^#SBATCH\s+/, ""))
    .filter((line) => line !== "" && !line.startsWith("#"));

/** Name of an option line: `--gres=gpu:1` → `gres`, `-p gpu` → `p`; null if it is no option. */
export const optionNameOf = (option: string): string | null =>
  /^--([\w-]+)/.exec(option)?.[1] ?? /^-(\w)/.exec(option)?.[1] ?? null;

/** What is wrong with one option line, or null. `skipped`: generated options that the user has switched off. */
export const mistakeInOption = (option: string, skipped: readonly string[]): string | null => {
  const name = optionNameOf(option);
  if (name === null)
    return `got "${option}"; expected sbatch options, one a line, each beginning with - or --.`;
  if (skipped.includes(name)) return null;
  const key = keyOfOption[name];
  if (key !== undefined)
    return `got "${option}"; expected the key ${key} instead (or directives_skip: [${name}] beside it).`;
  if (ownOptions.has(name))
    return `got "${option}"; expected no ${name}, which lambda-hat sets itself to follow its blocks.`;
  return null;
};

/** Options without which blocks cannot be told apart or found again; they cannot be skipped. */
export const unskippableOptions: readonly string[] = ["job-name", "output", "open-mode"];
