/**
 * What a sampler costs: ESS of the loss trace per full gradient and per second, and the time to an error of λ̂ of 5 %, for
 * every registered sampler on three small posteriors; where a Python with BlackJAX is there (`blackjax_peer.py`), beside
 * its HMC, NUTS and MCLMC on the same data, localiser, chains and precision (float64).
 *
 * usage: npm run bench -- samplers, or after a build: node dist/bench/samplers.js [SAMPLER ...]
 * Settings are those of the law suites. Efficiencies count draws only, not warmup; the time to 5 % counts both, and scales
 * the time of the draws by (mcse/5 %)². Seconds are of processor time, all threads together, so that other work on the
 * machine counts little; compilation is not counted on either side. Geometric means over seeds: an ESS is itself known
 * to some 10 %, so a ratio has a standard error, which is printed.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { summarizeRun } from "../src/analysis/summary.ts";
import type { Backend } from "../src/compute/backend.ts";
import { selectBackend } from "../src/compute/select-backend.ts";
import { createWasmBackend } from "../src/compute/wasm/wasm-backend.ts";
import { packageRoot } from "../src/core/package-root.ts";
import { samplerOf } from "../src/samplers/registry.ts";
import type { DrawRecord, SamplerRun } from "../src/samplers/sampler.ts";
import { type BuiltTarget, buildTarget } from "../src/targets/build-target.ts";
import type { TargetConfig } from "../src/targets/target-config.ts";
import type { SamplerLaw } from "../test/support/laws/sampler-law.ts";
import { registeredLaws } from "../test/support/laws/sampler-laws.ts";
import { scaleOf, targetPosterior } from "../test/support/laws/target-posterior.ts";
import { findPython } from "../test/support/python.ts";
import { aData, aDeepLinear, anMlp, aTarget, aTraining } from "../test/support/target-configs.ts";

const numChains = 4;
const gradientsPerChain = 20_000;
const seeds = [1, 2, 3, 4];
const gamma = 1;
/** Of the law of mclmc, and of the peer. */
const desiredEnergyVar = 5e-6;

const targets: readonly { readonly name: string; readonly config: TargetConfig }[] = [
  {
    name: "gaussian, d 50, κ 100",
    config: aTarget({
      model: {
        kind: "quadratic",
        dim: 50,
        curvature: Array.from({ length: 50 }, (_, i) => 10 ** ((2 * i) / 49)),
      },
      data: aData({ nData: 500, nTest: 0 }),
      training: aTraining({ at: "teacher" }),
    }),
  },
  {
    name: "tanh 4-8-8-1, n 500",
    config: aTarget({
      model: anMlp({ inDim: 4, depth: 2, widths: [8, 8] }),
      data: aData({ nData: 500, nTest: 0 }),
      training: aTraining({ steps: 2000 }),
    }),
  },
  {
    name: "deep linear 5-5-5-5, n 500",
    config: aTarget({
      model: aDeepLinear({ widths: [5, 5, 5, 5], rank: 2 }),
      data: aData({ nData: 500, nTest: 0 }),
      training: aTraining({ at: "teacher" }),
    }),
  },
];

/** What was measured of one sampler on one target, by us or by the peer. */
interface Measurement {
  readonly sampler: string;
  /** Bulk ESS of the loss trace, all chains. */
  readonly ess: number;
  /** Full gradients of all chains while drawing. */
  readonly gradients: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly llc: number;
  readonly mcse: number;
  /** Of ours only: whether the run converged by the rules of `src/analysis/verdict.ts`. */
  readonly isConverged?: boolean;
  /** Of mclmc only: Var(ΔE)/d over the steps of the draws, unitless, and ε in posterior standard deviations. */
  readonly energyVar?: number;
  readonly stepSize?: number;
}

/** Prints one line for every sampler and target. @param wanted names of samplers; none: all. */
export const runSamplersBenchmark = async (wanted: readonly string[] = []): Promise<void> => {
  const builder = await createWasmBackend({ numThreads: 1 });
  const backend = await selectBackend({ name: "auto", numThreads: 1, onProgress: console.log });
  const python = findPython();
  console.log(backend.description);
  if (python === null) console.log("BlackJAX: not measured (LAMBDA_HAT_PYTHON names no Python)");
  for (const { name, config } of targets) {
    const target = await buildTarget(config, builder);
    console.log(`\n${name}: d = ${target.dims.d}, ${numChains} chains, nβ = n/log n, γ = ${gamma}`);
    console.log(heading);
    const peers = python === null ? [] : measurePeer(python, target);
    const notes: string[] = [];
    for (const entry of registeredLaws.filter(
      ([sampler]) => wanted.length === 0 || wanted.includes(sampler),
    )) {
      const ours: Measurement[] = [];
      // Compiles: not counted, as BlackJAX's compilation is not.
      await measure({ backend, target, seed: 0 }, entry, gradientsPerChain / 4);
      for (const seed of seeds) ours.push(await measure({ backend, target, seed }, entry));
      const theirs = peers.filter(({ sampler }) => sampler === entry[0]);
      console.log(row(ours, theirs));
      const stepSize = overSeeds(theirs, "stepSize");
      if (stepSize === null) continue;
      const level: Measurement[] = [];
      const alike = atStepSize(entry[1], stepSize);
      for (const seed of seeds) level.push(await measure({ backend, target, seed }, [entry[0], alike]));
      console.log(row(level, theirs, `${entry[0]}, at their step size`));
      notes.push(
        `Var(ΔE)/d, wanted ${desiredEnergyVar}: ours ${mclmcText(ours)}, theirs ${mclmcText(theirs)}; at their step size ours ${mclmcText(level)}`,
      );
    }
    for (const note of notes) console.log(`\n${note}`);
  }
  builder.close();
  backend.close();
};

/** Geometric mean of what mclmc's runs had; null without one. */
const overSeeds = (all: readonly Measurement[], key: "energyVar" | "stepSize"): number | null => {
  const seen = all.flatMap((one) => one[key] ?? []);
  return seen.length === 0 ? null : Math.exp(logMean(seen).mean);
};

const mclmcText = (all: readonly Measurement[]): string =>
  `${overSeeds(all, "energyVar")?.toExponential(1)} (ε ${overSeeds(all, "stepSize")?.toPrecision(2)})`;

/** The law with a given ε: theirs makes errors larger than were asked for, and longer steps are no efficiency. */
const atStepSize = (law: SamplerLaw, stepSize: number): SamplerLaw => ({
  ...law,
  tuned: (budget) => ({ ...(law.tuned(budget) as object), stepSize }),
});

const nBetaOf = ({ dims: { n } }: BuiltTarget): number => n / Math.log(n);

/** Processor time of this process, seconds. */
const processorTime = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

interface Driven {
  readonly warmupSeconds: number;
  readonly seconds: number;
  readonly draws: readonly DrawRecord[];
}

const drive = async (run: SamplerRun): Promise<Driven> => {
  const begin = processorTime();
  for (let index = 0; index < run.numWarmupUnits; index++) await run.warmup(index);
  const warmed = processorTime();
  const draws: DrawRecord[] = [];
  for (let index = 0; index < run.numDraws; index++) draws.push(await run.draw(index));
  return { warmupSeconds: warmed - begin, seconds: processorTime() - warmed, draws };
};

const measure = async (
  {
    backend,
    target,
    seed,
  }: { readonly backend: Backend; readonly target: BuiltTarget; readonly seed: number },
  [name, law]: readonly [string, SamplerLaw],
  gradients = gradientsPerChain,
): Promise<Measurement> => {
  const { initialLoss, dims } = target;
  const nBeta = nBetaOf(target);
  const sampler = samplerOf(name);
  const settings = law.tuned({ gradients, scale: scaleOf(target, { nBeta, gamma }), nBeta });
  const posterior = targetPosterior(target, {
    backend,
    nBeta,
    gamma,
    numChains,
    seed,
    sampler,
    settings,
  });
  const run = await sampler.start(posterior, settings);
  const { warmupSeconds, seconds, draws } = await drive(run);
  posterior.ensemble.close();
  const columns = (of: (draw: DrawRecord) => Float64Array | undefined): Float64Array[] =>
    Array.from({ length: numChains }, (_, chain) =>
      Float64Array.from(draws, (draw) => of(draw)?.[chain] ?? Number.NaN),
    );
  const statistics = sampler.statistics.map((key) => [key, columns((draw) => draw.statistics[key])] as const);
  const summary = summarizeRun(
    { loss: columns(({ loss }) => loss), statistics: Object.fromEntries(statistics) },
    {
      nBeta,
      numData: dims.n,
      initialLoss,
      isIndependent: sampler.isIndependent,
      work: run.work,
      wallTimeSec: warmupSeconds + seconds,
      llcTrue: null,
      warnings: run.warnings,
      tuned: run.tuned,
    },
  );
  return {
    sampler: name,
    ess: summary.essBulk,
    gradients: summary.workFge - summary.warmupFge,
    seconds,
    warmupSeconds,
    llc: summary.llcMean,
    mcse: summary.llcMcse,
    isConverged: summary.verdict === "converged",
    ...(name === "mclmc" ? mclmcFigures(run.tuned) : {}),
  };
};

const mclmcFigures = (tuned: SamplerRun["tuned"]): Pick<Measurement, "energyVar" | "stepSize"> => ({
  energyVar: Number(tuned["energy_error_variance_per_dim"]),
  stepSize: Number(tuned["step_size"]),
});

/** BlackJAX on the same posterior; empty, with a line, where it cannot run. */
const measurePeer = (python: string, target: BuiltTarget): readonly Measurement[] => {
  const folder = mkdtempSync(join(tmpdir(), "lambda-hat-bench-"));
  try {
    const file = join(folder, "problem.json");
    const { model, dataset, parameters, initialLoss } = target;
    const problem = {
      model,
      inputs: [...dataset.inputs],
      labels: [...dataset.labels],
      num_data: dataset.numData,
      center: [...parameters],
      initial_loss: initialLoss,
      n_beta: nBetaOf(target),
      gamma,
      num_chains: numChains,
      seeds,
      gradients: gradientsPerChain,
      desired_energy_var: desiredEnergyVar,
    };
    writeFileSync(file, JSON.stringify(problem));
    const script = join(packageRoot, "bench", "blackjax_peer.py");
    const out = execFileSync(python, [script, file], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    return out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Measurement);
  } catch (error) {
    const text = (error as { stderr?: string }).stderr?.trim().split("\n").at(-1) ?? String(error);
    console.log(`BlackJAX: not measured (${text})`);
    return [];
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const significant = (value: number): string => String(Number(value.toPrecision(3)));

const perGradient = ({ ess, gradients }: Measurement): number => (1000 * ess) / gradients;
const perSecond = ({ ess, seconds }: Measurement): number => ess / seconds;

/** Seconds until mcse(λ̂) is 5 % of λ̂. */
const patience = ({ llc, mcse, seconds, warmupSeconds }: Measurement): number =>
  warmupSeconds + seconds * (mcse / (0.05 * Math.abs(llc))) ** 2;

const heading = [
  "",
  "| sampler | λ̂ ± mcse | converged | ESS per 1000 gradients | ESS per second | s to 5 % | × BlackJAX per gradient | per second | to 5 % |",
  "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
].join("\n");

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Mean of log values, and its standard error. */
const logMean = (values: readonly number[]): { readonly mean: number; readonly variance: number } => {
  const logs = values.map(Math.log);
  const center = mean(logs);
  const spread = logs.reduce((sum, value) => sum + (value - center) ** 2, 0) / (logs.length - 1);
  return { mean: center, variance: spread / logs.length };
};

const geometricMean = (values: readonly number[]): string => significant(Math.exp(logMean(values).mean));

/** Ratio of geometric means over seeds with its standard error. */
const ratioText = (ours: readonly number[], theirs: readonly number[]): string => {
  const [a, b] = [logMean(ours), logMean(theirs)];
  const ratio = Math.exp(a.mean - b.mean);
  return `${significant(ratio)} ± ${Number((ratio * Math.sqrt(a.variance + b.variance)).toPrecision(1))}`;
};

/** λ̂ over all seeds. */
const estimateText = (all: readonly Measurement[]): string => {
  const mcse = Math.sqrt(mean(all.map((one) => one.mcse ** 2)) / all.length);
  return `${significant(mean(all.map(({ llc }) => llc)))} ± ${significant(mcse)}`;
};

const row = (
  ours: readonly Measurement[],
  peers: readonly Measurement[],
  label = ours[0]?.sampler ?? "",
): string => {
  const ratios =
    peers.length === 0
      ? ["", "", ""]
      : [
          ratioText(ours.map(perGradient), peers.map(perGradient)),
          ratioText(ours.map(perSecond), peers.map(perSecond)),
          ratioText(peers.map(patience), ours.map(patience)),
        ];
  const numConverged = ours.filter(({ isConverged }) => isConverged === true).length;
  const cells = [
    label,
    estimateText(ours) + (peers.length === 0 ? "" : ` (theirs ${estimateText(peers)})`),
    `${numConverged} of ${ours.length}`,
    ...[perGradient, perSecond, patience].map((value) => geometricMean(ours.map(value))),
    ...ratios,
  ];
  return `| ${cells.join(" | ")} |`;
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  await runSamplersBenchmark(process.argv.slice(2));
