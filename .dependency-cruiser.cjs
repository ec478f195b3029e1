/**
 * Layer rules, run on the emitted JavaScript (`npm run layers`): type-only imports are erased there, so what is left
 * is what one module really needs of another. One entry a sentence of the table in docs/architecture.md.
 */
const src = (...folders) => `^dist/src/(${folders.join("|")})/`;
const numerics = ["random", "compute", "targets", "samplers", "analysis"];
const orchestration = ["config", "plan", "queue", "cards", "executors"];
const rule = (name, comment, from, to) => ({ name, severity: "error", comment, from, to });

module.exports = {
  forbidden: [
    rule("no-cycles", "Two modules that need each other are one module.", {}, { circular: true }),
    rule(
      "core-imports-nothing-of-ours",
      "core is the ground floor.",
      { path: src("core") },
      {
        path: "^dist/(src/(?!core/)|workers/)",
      },
    ),
    rule(
      "numerics-never-import-orchestration",
      "Numerics: arrays in, arrays out; no I/O, no queue.",
      { path: src(...numerics) },
      { path: src(...orchestration, "cli", "tasks", "runs", "results", "report") },
    ),
    rule(
      "numerics-do-no-io",
      "Only the code that loads compiled kernels may touch files, processes and threads.",
      { path: src(...numerics), pathNot: src("compute/native", "compute/wasm") },
      {
        path: "^(node:)?(fs|child_process|net|http|https|worker_threads|os|path)(/|$)",
        dependencyTypes: ["core"],
      },
    ),
    rule(
      "samplers-and-targets-never-meet",
      "A sampler gets the posterior, compiled on a backend, as an argument.",
      { path: src("samplers") },
      { path: src("targets", "compute", "analysis") },
    ),
    rule(
      "targets-know-no-samplers",
      "A target is there before any sampler.",
      { path: src("targets") },
      {
        path: src("samplers", "analysis"),
      },
    ),
    rule(
      "analysis-is-pure",
      "Diagnostics need draws, nothing else.",
      { path: src("analysis") },
      {
        path: src("compute", "targets", "samplers", "random"),
      },
    ),
    rule(
      "orchestration-knows-no-numerics",
      "Orchestration schedules tasks; what is in them is src/tasks' business.",
      { path: src(...orchestration) },
      { path: src(...numerics, "tasks", "runs", "results", "cli") },
    ),
    rule(
      "storage-knows-only-core",
      "One module a file format, and no other knowledge.",
      { path: src("runs", "results") },
      {
        path: src(...orchestration, ...numerics, "tasks", "cli"),
      },
    ),
    rule(
      "src-never-imports-workers-or-test",
      "Entry points are leaves.",
      { path: "^dist/src/" },
      {
        path: "^dist/(workers|test|bench)/",
      },
    ),
    rule(
      "cli-knows-no-numerics",
      "Commands reach numerics through src/tasks; analysis is pure and may be used.",
      { path: src("cli") },
      {
        path: src("random", "compute", "targets", "samplers"),
      },
    ),
    rule(
      "one-file-speaks-to-redis",
      "bullmq and ioredis stay behind src/queue.",
      { pathNot: src("queue") },
      {
        path: "node_modules/(bullmq|ioredis)/",
      },
    ),
    rule(
      "one-folder-speaks-parquet",
      "",
      { pathNot: src("results") },
      { path: "node_modules/(parquet-wasm|apache-arrow)/" },
    ),
    rule(
      "one-folder-speaks-hdf5-and-zip",
      "",
      { pathNot: src("runs") },
      { path: "node_modules/(h5wasm|fflate)/" },
    ),
    rule("one-folder-speaks-to-c", "", { pathNot: src("compute/native") }, { path: "node_modules/koffi/" }),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: false,
    moduleSystems: ["es6", "cjs"],
  },
};
