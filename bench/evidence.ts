/**
 * `npm run evidence`: tries every law on every registered sampler and writes the table into `docs/samplers.md`.
 *
 * Takes some minutes; prints each row as it is known. `LAMBDA_HAT_LAW_SEED` sets the seed.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { selectBackend } from "../src/compute/select-backend.ts";
import { createWasmBackend } from "../src/compute/wasm/wasm-backend.ts";
import { writeFileAtomic } from "../src/core/atomic-write.ts";
import { packageRoot } from "../src/core/package-root.ts";
import { deepLinearNetworks } from "../test/support/laws/deep-linear.ts";
import {
  type EvidenceTools,
  evidenceColumns,
  evidenceRow,
  withEvidence,
} from "../test/support/laws/evidence.ts";
import { samplerLaws } from "../test/support/laws/sampler-laws.ts";

const page = join(packageRoot, "docs", "samplers.md");

const tools: EvidenceTools = {
  networks: await deepLinearNetworks(20),
  backend: await selectBackend({ name: "auto", numThreads: 1 }),
  threads: [await createWasmBackend({ numThreads: 1 }), await createWasmBackend({ numThreads: 4 })],
  sizes: { numChains: 2000, numReplicates: 64, gradients: 30_000, networkGradients: 4000 },
};
console.log(evidenceColumns.join(" | "));
const rows: (readonly string[])[] = [];
for (const entry of samplerLaws) {
  const row = await evidenceRow(entry, tools);
  console.log(row.join(" | "));
  rows.push(row);
}
writeFileAtomic(page, withEvidence(readFileSync(page, "utf8"), rows));
for (const backend of [tools.backend, ...tools.threads]) backend.close();
