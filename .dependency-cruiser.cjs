/**
 * Layer rules, run on the emitted JavaScript (`npm run layers`): type-only imports are erased there, so what is left
 * is what one module really needs of another. One entry a sentence of the table in docs/architecture.md.
 */
const src = (...folders) => `^dist/src/(${folders.join("|")})/`;
/** Ours, but none of these folders; `$1` is the folder that imports. */
const othersThan = (...folders) => ({ path: "^dist/(src|workers)/", pathNot: src(...folders) });
/** A package, also where its exports cannot be resolved to a file. */
const npm = (...names) => `(^|node_modules/)(${names.join("|")})(/|$)`;
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
      othersThan("core"),
    ),
    rule(
      "numerics-never-import-orchestration",
      "Numerics: arrays in, arrays out; no I/O, no queue.",
      { path: src(...numerics) },
      { path: src(...orchestration, "cli", "tasks", "runs", "results") },
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
      "random-and-compute-know-nobody-who-uses-them",
      "A backend computes what it is given, a target's loss as well as a sampler's step.",
      { path: src("random", "compute") },
      othersThan("core", "random", "$1"),
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
      "config-cards-plan-and-storage-know-only-core",
      "Each reads or writes what is its own, and knows nothing of the others.",
      { path: src("config", "cards", "plan", "runs", "results") },
      othersThan("core", "$1"),
    ),
    rule(
      "queue-knows-only-the-plan",
      "The queue hands out tasks, whoever runs them and wherever.",
      { path: src("queue") },
      othersThan("core", "plan", "queue"),
    ),
    rule(
      "executors-know-cards-queue-and-plan",
      "An executor starts the workers of a card; what is in an experiment is not its business.",
      { path: src("executors") },
      othersThan("core", "plan", "queue", "cards", "executors"),
    ),
    rule(
      "tasks-know-no-queue",
      "A task does its work the same wherever it runs; the one who asked writes the table.",
      { path: src("tasks") },
      { path: src("plan", "queue", "cards", "executors", "results", "cli") },
    ),
    rule(
      "workers-only-wire",
      "An entry point joins a queue to tasks, nothing else.",
      { path: "^dist/workers/" },
      othersThan("core", "queue", "tasks"),
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
      "one-folder-speaks-to-redis",
      "Brokers hide what they are made of: the local one does without.",
      { pathNot: src("queue/redis") },
      { path: npm("bullmq", "ioredis") },
    ),
    rule(
      "one-folder-speaks-parquet",
      "Columns and their types are spelt in src/results alone.",
      { pathNot: src("results") },
      { path: npm("parquet-wasm", "apache-arrow") },
    ),
    rule(
      "one-folder-speaks-hdf5-and-zip",
      "The bytes of traces and arrays are the business of src/runs alone.",
      { pathNot: src("runs") },
      { path: npm("h5wasm", "fflate") },
    ),
    rule(
      "one-folder-speaks-to-c",
      "Foreign memory has one owner; whoever runs on WebAssembly does not load the library.",
      { pathNot: src("compute/native") },
      { path: npm("koffi") },
    ),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: false,
    moduleSystems: ["es6", "cjs"],
  },
};
