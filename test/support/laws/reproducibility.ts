/** Does a run depend on what it must not depend on: the number of threads, and which chains run beside it? */
import type { Backend } from "../../../src/compute/backend.ts";
import type { DrawRecord, Sampler } from "../../../src/samplers/sampler.ts";
import { aNetworkPosterior, collectDraws } from "../posteriors.ts";

const numChains = 4;

const drawsOn = async (
  [sampler, settings]: readonly [Sampler<unknown>, unknown],
  backend: Backend,
  chains: { readonly firstChain: number; readonly numChains: number },
): Promise<readonly DrawRecord[]> => {
  const rowsPerChain = sampler.ensembleRows?.(settings, 1) ?? 1;
  const posterior = aNetworkPosterior({
    firstChain: rowsPerChain * chains.firstChain,
    numChains: rowsPerChain * chains.numChains,
    startScale: 0.01,
    open: (problem) => backend.open({ ...problem, precision: "float64" }),
  });
  const draws = await collectDraws(await sampler.start(posterior, settings));
  posterior.ensemble.close();
  return draws;
};

/** All numbers of all draws of one chain, as bytes in hexadecimal: NaN equals NaN, and −0 does not equal 0. */
const bytesOf = (draws: readonly DrawRecord[], chain: number): string => {
  const numbers = draws.flatMap(({ loss, distance, statistics }) =>
    [
      loss,
      distance,
      ...Object.keys(statistics)
        .sort()
        .map((key) => statistics[key] ?? loss),
    ].map((values) => values[chain] ?? Number.NaN),
  );
  return Buffer.from(Float64Array.from(numbers).buffer).toString("hex");
};

const bytesOfAll = (draws: readonly DrawRecord[]): readonly string[] =>
  Array.from({ length: numChains }, (_, chain) => bytesOf(draws, chain));

/** Draws of 4 chains, as bytes, on each backend given. Equal if the number of threads does not matter. */
export const bytesOnEach = async (
  run: readonly [Sampler<unknown>, unknown],
  backends: readonly Backend[],
): Promise<readonly (readonly string[])[]> => {
  const bytes: (readonly string[])[] = [];
  for (const backend of backends) {
    bytes.push(bytesOfAll(await drawsOn(run, backend, { firstChain: 0, numChains })));
  }
  return bytes;
};

/** Draws of each chain, as bytes: of 4 chains batched, and of the same 4 alone. */
export const batchedAndAlone = async (
  run: readonly [Sampler<unknown>, unknown],
  backend: Backend,
): Promise<{ readonly batched: readonly string[]; readonly alone: readonly string[] }> => {
  const batched = bytesOfAll(await drawsOn(run, backend, { firstChain: 0, numChains }));
  const alone: string[] = [];
  for (let firstChain = 0; firstChain < numChains; firstChain++) {
    alone.push(bytesOf(await drawsOn(run, backend, { firstChain, numChains: 1 }), 0));
  }
  return { batched, alone };
};
