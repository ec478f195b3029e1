/** sbatch, squeue, sacct and scancel as shell scripts on the PATH, which misbehave on request. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "./temporary-folder.ts";

/** How sbatch and squeue behave; `sbatch` may change with its n-th call through `$n`. Shell text. */
export interface FakeSlurmBehaviour {
  /** Runs after the job is there, with `$id` and `$n`; default: prints the id. */
  readonly sbatch?: string;
  /** Runs before the job is there; may exit. */
  readonly sbatchBefore?: string;
  /** Default: tells the truth. */
  readonly squeue?: string;
}

/** A scheduler of files. */
export interface FakeSlurm {
  /** Jobs that are there now. */
  alive(): readonly string[];
  /** The most that were there at the same time. */
  mostAlive(): number;
  calls(program: "sbatch" | "squeue" | "scancel"): number;
}

/** Installs it for the current test. */
export const fakeSlurm = (behaviour: FakeSlurmBehaviour = {}): FakeSlurm => {
  const folder = temporaryFolder();
  const at = (...names: string[]): string => join(folder, ...names);
  mkdirSync(at("bin"));
  mkdirSync(at("jobs"));
  const write = (name: string, text: string): void => {
    writeFileSync(at("bin", name), `#!/bin/bash\ncd ${folder}\necho x >>${name}.calls\n${text}\n`);
    chmodSync(at("bin", name), 0o755);
  };
  write(
    "sbatch",
    `n=$(wc -l <sbatch.calls)
script=$(cat)
${behaviour.sbatchBefore ?? ""}
id=$((100 + n))
sed -n 's/^#SBATCH --job-name=//p' <<<"$script" >jobs/$id
ls jobs | wc -l >>most
${behaviour.sbatch ?? "echo $id"}`,
  );
  write(
    "squeue",
    behaviour.squeue ??
      'for f in jobs/*; do [ -e "$f" ] && echo "${f#jobs/}|$(cat "$f")|PENDING||Resources"; done; true',
  );
  write("sacct", "echo 'Slurm accounting storage is disabled' >&2; exit 1");
  write(
    "scancel",
    'for a in "$@"; do case $a in --user=*) ;; --name=*) grep -lx "${a#--name=}" jobs/* | xargs -r rm -f;; *) rm -f jobs/$a;; esac; done',
  );
  const path = process.env["PATH"] ?? "";
  process.env["PATH"] = `${at("bin")}${delimiter}${path}`;
  onTestFinished(() => {
    process.env["PATH"] = path;
  });
  const lines = (name: string): readonly string[] =>
    existsSync(at(name)) ? readFileSync(at(name), "utf8").trim().split("\n") : [];
  return {
    alive: () => readdirSync(at("jobs")),
    mostAlive: () => Math.max(0, ...lines("most").map(Number)),
    calls: (program) => lines(`${program}.calls`).length,
  };
};
