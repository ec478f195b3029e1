/** Laws of cards. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { loadCard } from "../../../src/cards/load-card.ts";
import type { SweepError } from "../../../src/core/errors.ts";
import { packageRoot } from "../../../src/core/package-root.ts";

const folder = mkdtempSync(join(tmpdir(), "lambda-hat-test-"));
const path = join(folder, "card.yaml");
afterAll(() => rmSync(folder, { recursive: true }));

const load = (text: string, sets: readonly string[] = []): ReturnType<typeof loadCard>["card"] => {
  writeFileSync(path, text);
  return loadCard(path, { sets, numCores: 8 }).card;
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
      '--set slots=many  slots: got "many"; expected "auto" or a whole number >= 1.',
    ]);
    expect(() => load("type: local", ["slots"])).toThrow(expect.objectContaining({ code: "USAGE" }));
  });

  it("reports every mistake with its position and the nearest key", () => {
    expect(
      mistakesOf(`type: slurm
slot: 4
threads_per_task: 0
memory_per_task: much
executors:
  - label: a b
    max_worker: 2
`),
    ).toEqual(
      expect.arrayContaining([
        '1:7  type: got "slurm"; expected local.',
        expect.stringMatching(
          /^2:7 {2}slot: got the unknown key "slot"; expected one of .*\. Did you mean "slots"\?$/,
        ),
        "3:19  threads_per_task: got 0; expected a whole number >= 1.",
        '4:18  memory_per_task: got "much"; expected null, a number of GiB, or a size like "4G" or "500M".',
        '6:12  executors.0.label: got "a b"; expected a name of letters, digits, dots, dashes and underscores.',
        expect.stringMatching(/^7:17 {2}executors\.0\.max_worker: .* Did you mean "max_workers"\?$/),
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
    expect(mistakesOf("")).toEqual(["1:1  (root): got null; expected a mapping of keys to values."]);
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
    expect(loadCard("local", { numCores: 2 }).card.executors[0]?.slots).toBe(2);
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
          load(text);
        } catch (error) {
          expect((error as SweepError).code).toBe("CONFIG_INVALID");
        }
      }),
      { numRuns: 300 },
    );
  });
});
