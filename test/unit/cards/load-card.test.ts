/** Laws of cards. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { Card, LocalCard, SlurmCard } from "../../../src/cards/card.ts";
import { formatCard } from "../../../src/cards/format-card.ts";
import { loadCard } from "../../../src/cards/load-card.ts";
import type { SweepError } from "../../../src/core/errors.ts";
import { packageRoot } from "../../../src/core/package-root.ts";

const folder = mkdtempSync(join(tmpdir(), "lambda-hat-test-"));
const path = join(folder, "card.yaml");
afterAll(() => rmSync(folder, { recursive: true }));

const loadAny = (text: string, sets: readonly string[] = []): Card => {
  writeFileSync(path, text);
  return loadCard(path, { sets, numCores: 8 }).card;
};
const load = (text: string, sets: readonly string[] = []): LocalCard => {
  const card = loadAny(text, sets);
  if (card.type !== "local") throw new Error("not a local card");
  return card;
};
const loadSlurm = (text: string, sets: readonly string[] = []): SlurmCard => {
  const card = loadAny(`type: slurm\n${text}`, sets);
  if (card.type !== "slurm") throw new Error("not a SLURM card");
  return card;
};
const mistakesOf = (text: string, sets: readonly string[] = []): readonly string[] => {
  try {
    load(text, sets);
  } catch (error) {
    const { code, message } = error as SweepError;
    expect(code).toBe("CONFIG_INVALID");
    return message
      .split("\n")
      .slice(1)
      .map((line) => line.trim().replace(`${path}:`, ""));
  }
  throw new Error("no mistake was found");
};

describe("loadCard", () => {
  it("fills a card of nothing but its type from the machine", () => {
    expect(load("type: local")).toEqual({
      type: "local",
      label: "local",
      executors: [
        {
          label: "local",
          slots: 8,
          threadsPerTask: 1,
          memoryMiB: null,
          serves: null,
          workerInit: "",
          env: {},
        },
      ],
      retries: null,
      crashLimit: 3,
      graceSec: 10,
      runDir: null,
    });
  });

  it("shares the cores among slots of the given width, at least one", () => {
    expect(load("{ type: local, threads_per_task: 3 }").executors[0]).toMatchObject({
      slots: 2,
      threadsPerTask: 3,
    });
    expect(load("{ type: local, threads_per_task: 30 }").executors[0]).toMatchObject({
      slots: 1,
      threadsPerTask: 30,
    });
  });

  it("reads a Parsl card as it is", () => {
    const card = load(`
type: local
executors:
  - { label: a, max_workers: 3, cores_per_worker: 2, worker_init: "export X=1" }
  - { label: b, max_workers: null, cores_per_worker: 1 }
retries: 1
run_dir: parsl_runinfo
`);
    expect(card.executors).toMatchObject([
      { label: "a", slots: 3, threadsPerTask: 2, workerInit: "export X=1" },
      { label: "b", slots: 4, threadsPerTask: 1, workerInit: "" },
    ]);
    expect(card).toMatchObject({ retries: 1, runDir: "parsl_runinfo" });
  });

  it("an executor has its own keys and otherwise the card's; environments are merged", () => {
    const card = load(`
type: local
memory_per_task: 2G
serves: build
env: { A: 1, B: x }
executors: [{ label: a, env: { B: y } }, { label: b, mem_per_worker: null, serves: [build, sample] }]
`);
    expect(card.executors).toMatchObject([
      { memoryMiB: 2048, serves: ["build-target"], env: { A: "1", B: "y" } },
      { memoryMiB: null, serves: ["build-target", "run-sampler"], env: { A: "1", B: "x" } },
    ]);
  });

  it("reads sizes with units, and numbers as GiB", () => {
    for (const [size, expected] of [
      ["4", 4096],
      ["4G", 4096],
      ["500M", 500],
      ["1.5 GiB", 1536],
      ["1T", 2 ** 20],
    ]) {
      expect(load(`{ type: local, memory_per_task: ${size} }`).executors[0]?.memoryMiB).toBe(expected);
    }
  });

  it("--set overrides before anything is checked, also in lists", () => {
    const text = "{ type: local, executors: [{ label: a, max_workers: 1 }] }";
    expect(load(text, ["executors.0.max_workers=5", "grace=2.5"])).toMatchObject({
      graceSec: 2.5,
      executors: [{ slots: 5 }],
    });
    expect(mistakesOf("type: local", ["slots=many"])).toEqual([
      '--set card.slots=many  slots: got "many"; expected "auto" or a whole number >= 1.',
    ]);
    expect(() => load("type: local", ["slots"])).toThrow(expect.objectContaining({ code: "USAGE" }));
  });

  it("reports every mistake with its position and the nearest key", () => {
    expect(
      mistakesOf(`type: pbs
slot: 4
threads_per_task: 0
memory_per_task: much
executors:
  - label: a b
    max_worker: 2
`),
    ).toEqual(
      expect.arrayContaining([
        '1:7  type: got "pbs"; expected local, slurm or command.',
        expect.stringMatching(
          /^2:1 {2}slot: got the unknown key "slot"; expected one of .*\. Did you mean "slots"\?$/,
        ),
        "3:19  threads_per_task: got 0; expected a whole number >= 1.",
        '4:18  memory_per_task: got "much"; expected null, a number of GiB, or a size like "4G" or "500M".',
        '6:12  executors.0.label: got "a b"; expected a name of letters, digits, dots, dashes and underscores.',
        expect.stringMatching(/^7:5 {2}executors\.0\.max_worker: .* Did you mean "max_workers"\?$/),
      ]),
    );
  });

  it("refuses slots beside executors, and a label twice", () => {
    expect(mistakesOf("{ type: local, slots: 2, executors: [{ label: a }, { label: a }] }")).toEqual([
      "1:23  slots: got 2 beside executors; expected one of them. Set max_workers of each executor instead.",
      '1:61  executors.1.label: got "a" a second time; expected each label once.',
    ]);
  });

  it("says what is wrong with files that are no mapping, no YAML or no UTF-8", () => {
    expect(mistakesOf("")).toEqual(["1:1  (root): got an empty file; expected a mapping of keys to values."]);
    expect(mistakesOf("type: [local")[0]).toMatch(/^1:\d+ {2}\(root\): got text that is not YAML: /);
    const bomb = [
      "a0: &a0 [x]",
      ...[1, 2, 3, 4, 5].map((k) => `a${k}: &a${k} [${`*a${k - 1},`.repeat(10)}]`),
    ];
    for (const text of [bomb.join("\n"), "[".repeat(20_000), "type: *nobody"]) {
      expect(() => load(text)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    }
    writeFileSync(path, Buffer.from([0x74, 0xff, 0xfe]));
    expect(() => loadCard(path)).toThrow(/not UTF-8/);
  });

  it("finds cards by name and lists them when there is none", () => {
    expect(loadCard("local", { numCores: 2 }).card).toMatchObject({ executors: [{ slots: 2 }] });
    expect(loadCard(join(packageRoot, "cards", "local.yaml")).card.label).toBe("local");
    expect(() => loadCard("slurm-gpu")).toThrow(
      expect.objectContaining({
        code: "NOT_FOUND",
        message: expect.stringMatching(/^card "slurm-gpu" not found\. Known cards: .*local/),
      }),
    );
  });

  it("prints the resolved card in a form that loads to the same card", () => {
    writeFileSync(
      path,
      "{ type: local, memory_per_task: 3G, serves: sample, env: { A: 1 }, worker_init: 'a\n\n  b', run_dir: x }",
    );
    const { card, resolvedText } = loadCard(path, { numCores: 5 });
    expect(load(resolvedText)).toEqual(card);
  });

  it("never throws anything but a SweepError, whatever the text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          loadAny(text);
        } catch (error) {
          expect((error as SweepError).code).toBe("CONFIG_INVALID");
        }
      }),
      { numRuns: 300 },
    );
  });

  it("reads the SLURM cards of Parsl as they are", () => {
    const card = loadSlurm(`
label: htex_slurm
partition: gpu
nodes_per_block: 1
init_blocks: 0
min_blocks: 0
max_blocks: 200
walltime: 02:00:00
cores_per_node: 8
mem_per_node: 128
gpus_per_node: 1
gpu_type: a100
qos: ""
account: null
constraint: a100
scheduler_options_extra: |
  #SBATCH --mail-type=END
retries: 1
run_dir: parsl_runinfo
max_workers: 1
worker_init: |
  module load cuda
`);
    expect(card).toMatchObject({
      label: "htex_slurm",
      blocks: { init: 0, min: 0, max: 200, backlog: 2, parallelism: 1, maxIdleSec: 120 },
      walltimeSec: 7200,
      drainBeforeSec: 300,
      nodesPerBlock: 1,
      worker: { slots: 1, threads: 8, hasGpus: true, workerInit: "module load cuda\n" },
      request: {
        partition: "gpu",
        qos: null,
        gpusPerNode: 1,
        gpuType: "a100",
        isExclusive: false,
        memory: { option: "mem", mebibytes: 128 * 1024 },
        extraOptions: ["--mail-type=END"],
      },
      launcher: "single",
      retries: 1,
      runDir: "parsl_runinfo",
    });
  });

  it("reads the keys of Parsl's SLURM provider with their meaning", () => {
    const card = loadSlurm(`
cmd_timeout: 90
status_batch_size: 20
status_polling_interval: 120
regex_job_id: "Submitted batch job (?P<id>\\\\S*)"
scheduler_options: "#SBATCH --licenses=x"
clusters: [a, b]
gres: gpu:v100:2
`);
    expect(card).toMatchObject({
      submit: { commandTimeoutSec: 90 },
      status: { batchSize: 20, intervalSec: 120 },
      jobIdPattern: "Submitted batch job (?<id>\\S*)",
      request: { extraOptions: ["--licenses=x"], clusters: "a,b", gres: "gpu:v100:2" },
      worker: { slots: 2, hasGpus: true },
    });
  });

  it("makes texts of accounts and partitions that YAML read as numbers", () => {
    expect(loadSlurm("account: 12345\npartition: [1, gpu]")).toMatchObject({
      request: { account: "12345", partition: "1,gpu" },
    });
  });

  it("shares the cores of a node among its workers", () => {
    const workerOf = (text: string) => loadSlurm(text).worker;
    expect(workerOf("cores_per_node: 8")).toMatchObject({ slots: 8, threads: 1 });
    expect(workerOf("cores_per_node: 8\ncores_per_worker: 3")).toMatchObject({ slots: 2, threads: 3 });
    expect(workerOf("cores_per_node: 8\nmax_workers: 2")).toMatchObject({ slots: 2, threads: 4 });
    expect(workerOf("cores_per_node: 16\ngpus_per_node: 4")).toMatchObject({ slots: 4, threads: 4 });
    expect(workerOf("")).toMatchObject({ slots: 1, threads: 1, hasGpus: false });
  });

  it("refuses contradictions of SLURM cards, all at once", () => {
    const mistakes = mistakesOf(`type: slurm
init_blocks: 3
max_blocks: 2
walltime: 10
drain_before: 11m
time_request: { sample: 1h }
mem_per_node: 4
mem_per_cpu: 1
gpu_type: a100
nodes_per_block: 2
launcher: single
cores_per_node: 4
cores_per_worker: 2
max_workers: 3
scheduler_options: |
  #SBATCH --time=3
  --array=1-3
  --comment=mine
directives_skip: [output]
`);
    expect(mistakes).toEqual([
      "2:14  init_blocks: got 3; expected at most max_blocks, which is 2.",
      "5:15  drain_before: got 660 s; expected less than the walltime, which is 600 s.",
      "8:14  mem_per_cpu: got a size beside mem_per_node; SLURM takes one of them, expected one.",
      '9:11  gpu_type: got "a100" without GPUs; expected gpus_per_node >= 1 beside it.',
      '11:11  launcher: got "single" with nodes_per_block: 2; it starts a worker on the first node only, expected srun.',
      "14:14  max_workers: got 3 workers of 2 cores; expected no more than the 4 cores of cores_per_node.",
      '15:20  scheduler_options: got "--time=3"; expected the key walltime instead (or directives_skip: [time] beside it).',
      '15:20  scheduler_options: got "--array=1-3"; expected no array, which lambda-hat sets itself to follow its blocks.',
      '19:18  directives_skip: got "output"; expected only options that blocks can be followed without.',
    ]);
  });

  it("names the nearest key, also inside mappings, and says what became of Parsl's", () => {
    expect(mistakesOf("type: slurm\nwall_time: 3")[0]).toMatch(
      /^2:1 {2}wall_time: .* Did you mean "walltime"\?$/,
    );
    expect(mistakesOf("type: slurm\nsubmit: { vio: x }")[0]).toMatch(/submit\.vio: .* Did you mean "via"\?$/);
    expect(mistakesOf("type: slurm\naddress: 127.0.0.1")[0]).toMatch(
      /^2:1 {2}address: got a key of Parsl that has no meaning here: .*redis\.interface/,
    );
    expect(mistakesOf("type: slurm\nlauncher: command")[0]).toMatch(/expected type: command/);
    expect(mistakesOf("type: slurm\nstatus: { interval: 5 }")[0]).toMatch(
      /expected a number of seconds >= 60/,
    );
  });

  it("reads cards of commands, one block a host", () => {
    expect(loadAny("{ type: command, command: 'ssh {host} bash {script}', hosts: [a, b] }")).toMatchObject({
      type: "command",
      command: "ssh {host} bash {script}",
      hosts: ["a", "b"],
      blocks: { max: 2 },
      walltimeSec: null,
    });
    expect(mistakesOf("{ type: command, command: 'run {worker} {host}' }")).toEqual([
      "1:1  hosts: got none beside {host} in the command; expected a list of hosts.",
      '1:27  command: got "run {worker} {host}"; expected a command with {script} in it, for example: bash {script}',
      "1:27  command: got the unknown field {worker}; expected {script}, {host} or {block}.",
    ]);
  });

  it("every packaged card loads, and its resolved text loads to the same card", () => {
    for (const name of ["local", "slurm/cpu", "slurm/gpu-a100"]) {
      const { card, resolvedText } = loadCard(name, { numCores: 4 });
      expect(loadAny(resolvedText), name).toEqual(card);
    }
    const rich = loadAny(`
type: slurm
serves: sample
gres: gpu:2
time_request: { build: 60 }
timeout: { sample: 1h }
exclude: [n1, n2]
launcher: "apptainer exec image.sif"
submit: { via: ssh login1, cmd_timeout: 5 }
status: { command: sacct }
redis: { url: "rediss://r:6379" }
`);
    expect(loadAny(formatCard(rich))).toEqual(rich);
  });

  it("100,000 unknown keys are refused within seconds", () => {
    writeFileSync(path, Array.from({ length: 100_000 }, (_, i) => `key_${i}: 1\n`).join(""));
    expect(() => loadCard(path)).toThrow(
      /^1002 mistakes in [\s\S]*got the unknown key "key_0"; expected one of/,
    );
  }, 120_000);

  it.each([
    "redis://:secret@h:1",
    "rediss://me:secret@h/2?ca=/ca.pem",
    "unix:///run/s?user=u&password=secret",
    "unix:///run/s?db=1&password=secret%40",
    "redis://:secret/1@h",
  ])("keeps no password in the resolved card: %s", (url) => {
    writeFileSync(path, `{ type: slurm, redis: { url: '${url}' } }`);
    expect(loadCard(path).resolvedText).not.toContain("secret");
  });

  it.each(["unix:///run/s?db=1", "redis://h:1/2", "/home/me/password@redis.json"])(
    "keeps an address without a password in the resolved card: %s",
    (url) => {
      writeFileSync(path, `{ type: slurm, redis: { url: '${url}' } }`);
      expect(loadCard(path).resolvedText).toContain(url);
    },
  );
});
