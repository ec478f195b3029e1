/**
 * `npm run evidence`: tries every law on every registered sampler and writes the table into `docs/samplers.md`.
 *
 * Takes some minutes; prints each row as it is known. `LAMBDA_HAT_LAW_SEED` sets the seed. With names of samplers as arguments
 * (`npm run evidence -- sghmc`) the other rows stay as they are.
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
  evidenceIn,
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
const wanted = process.argv.slice(2);
const known = evidenceIn(readFileSync(page, "utf8")).rows;
const rows: (readonly string[])[] = [];
for (const entry of samplerLaws) {
  const kept =
    wanted.length === 0 || wanted.includes(entry[0]) ? undefined : known.find(([name]) => name === entry[0]);
  if (kept !== undefined) {
    rows.push(kept);
    continue;
  }
  const row = await evidenceRow(entry, tools);
  console.log(row.join(" | "));
  rows.push(row);
}
writeFileAtomic(page, withEvidence(readFileSync(page, "utf8"), rows));
for (const backend of [tools.backend, ...tools.threads]) backend.close();
