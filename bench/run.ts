/**
 * `npm run bench`: every benchmark in one run, so that ratios are taken on the same machine at the same time.
 * `npm run bench -- compute` (or `queue`, `redis-queue`, …) runs one of them.
 */
import { cpus, loadavg } from "node:os";

const benchmarks: Readonly<Record<string, () => Promise<void>>> = {
  compute: async () => (await import("./compute.ts")).runComputeBenchmark(),
  queue: async () => (await import("./queue.ts")).runQueueBenchmark(),
  "redis-queue": async () => (await import("./redis-queue.ts")).runRedisQueueBenchmark(),
  slurm: async () => (await import("./slurm-calls.ts")).runSlurmBenchmark(),
  samplers: async () => (await import("./samplers.ts")).runSamplersBenchmark(),
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in benchmarks));
if (unknown.length > 0) {
  console.error(`unknown benchmark ${unknown.join(", ")}; there are: ${Object.keys(benchmarks).join(", ")}`);
  process.exit(2);
}
const processors = cpus();
console.log(
  `machine: ${processors.length} × ${processors[0]?.model ?? "unknown CPU"}, node ${process.version}, load ${loadavg()[0]?.toFixed(1)}`,
);
for (const [name, run] of Object.entries(benchmarks)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n== ${name}`);
  await run();
}
