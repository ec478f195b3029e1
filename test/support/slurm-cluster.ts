/**
 * A real SLURM of two virtual nodes on this machine: own ports, own folders, no authentication, loopback only. Jobs of the
 * partition `debug` preempt those of `requeued` and `cancelled`, which are then what the name says.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { hostname, tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";

/** A running cluster. Its commands work for processes with `env`. */
export interface SlurmCluster {
  readonly env: NodeJS.ProcessEnv;
  /** Runs a command of SLURM; its output. */
  run(program: string, ...args: readonly string[]): string;
  /**
   * Lets a requeued job start in some 15 seconds: SLURM itself waits two minutes. Sooner the node may not have cleaned up
   * after its first life, and the second fails at once.
   */
  hasten(jobId: string): void;
  /** The daemon of one node; absent once it was killed. */
  nodePid(node: "n1" | "n2"): number;
  /** Nothing if the cluster is stopped meanwhile. */
  startNodeLater(node: "n1" | "n2", afterMs: number): void;
  /** Ends all jobs and all daemons. */
  stop(): Promise<void>;
}

const path = [process.env["PATH"] ?? "", "/usr/sbin", "/sbin"].join(delimiter);

/** True if SLURM's daemons and commands are installed. */
export const hasSlurm: boolean = ((): boolean => {
  try {
    for (const program of ["slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo"])
      execFileSync("sh", ["-c", `command -v ${program}`], {
        env: { ...process.env, PATH: path },
        stdio: "ignore",
      });
    return process.platform === "linux";
  } catch {
    return false;
  }
})();

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

/** Starts it and waits until both nodes are idle. */
export const startSlurm = async (): Promise<SlurmCluster> => {
  const folder = mkdtempSync(join(tmpdir(), "lambda-hat-slurm-"));
  for (const name of ["run", "log", "state", "spool/n1", "spool/n2"])
    mkdirSync(join(folder, name), { recursive: true });
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  writeFileSync(join(folder, "slurm.conf"), confText(folder, ports));
  const env = { ...process.env, PATH: path, SLURM_CONF: join(folder, "slurm.conf") };
  const daemons = new Map<string, ChildProcess>();
  const start = (program: string, ...args: readonly string[]): ChildProcess => {
    const log = openSync(join(folder, "log", `${program}.out`), "a");
    return spawn(program, args, { env, stdio: ["ignore", log, log] });
  };
  const run = (program: string, ...args: readonly string[]): string =>
    execFileSync(program, args, { env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const timers = new Set<NodeJS.Timeout>();
  const hasten = (jobId: string): void =>
    void run("scontrol", "update", `jobid=${jobId}`, "StartTime=now+15");
  const startNode = (node: string): void => void daemons.set(node, start("slurmd", "-D", "-N", node));
  const startNodeLater = (node: string, afterMs: number): void => {
    timers.add(setTimeout(() => startNode(node), afterMs));
  };
  daemons.set("ctld", start("slurmctld", "-D", "-i", "-c"));
  startNode("n1");
  startNode("n2");
  const stop = async (): Promise<void> => {
    for (const timer of timers) clearTimeout(timer);
    try {
      run("scancel", `--user=${userInfo().username}`);
      await poll(() => run("squeue", "-h").trim() === "", 15_000);
    } catch {
      // The controller is gone already.
    }
    for (const child of daemons.values()) child.kill("SIGTERM");
    await Promise.all([...daemons.values()].map(ended));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await poll(() => /^idle\s+idle\s*$/.test(run("sinfo", "-h", "-N", "-p", "debug", "-o", "%t")), 30_000);
  } catch (cause) {
    const log = readFileSync(join(folder, "log", "slurmctld.log"), "utf8").slice(-2000);
    await stop();
    throw new Error(`SLURM did not start:\n${log}`, { cause });
  }
  return { env, run, hasten, startNodeLater, stop, nodePid: (node) => daemons.get(node)?.pid ?? -1 };
};

const ended = (child: ChildProcess): Promise<unknown> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once("exit", resolve));

/** Polls until it is true; a condition that throws is not. */
const poll = async (condition: () => boolean, timeoutMs: number): Promise<void> => {
  const end = Date.now() + timeoutMs;
  for (;;) {
    try {
      if (condition()) return;
    } catch {
      // not yet
    }
    if (Date.now() > end) throw new Error("waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

const confText = (folder: string, [ctld, first, second]: readonly number[]): string => `
ClusterName=test
SlurmctldHost=${hostname()}(127.0.0.1)
SlurmctldPort=${ctld}
SlurmUser=${userInfo().username}
SlurmdUser=${userInfo().username}
AuthType=auth/none
CredType=cred/none
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool/%n
SlurmctldPidFile=${folder}/run/slurmctld.pid
SlurmdPidFile=${folder}/run/slurmd-%n.pid
SlurmctldLogFile=${folder}/log/slurmctld.log
SlurmdLogFile=${folder}/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=2,sched_interval=2,sched_min_interval=0,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
JobRequeue=1
KillWait=15
SlurmdTimeout=10
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmdParameters=config_overrides
NodeName=n1 NodeHostname=${hostname()} NodeAddr=127.0.0.1 Port=${first} CPUs=2 Boards=1 SocketsPerBoard=1 CoresPerSocket=2 ThreadsPerCore=1 RealMemory=4000 State=UNKNOWN
NodeName=n2 NodeHostname=${hostname()} NodeAddr=127.0.0.1 Port=${second} CPUs=2 Boards=1 SocketsPerBoard=1 CoresPerSocket=2 ThreadsPerCore=1 RealMemory=4000 State=UNKNOWN
PartitionName=debug Nodes=ALL Default=YES PriorityTier=10 MaxTime=INFINITE DefMemPerCPU=500 State=UP
PartitionName=requeued Nodes=ALL PriorityTier=1 PreemptMode=REQUEUE GraceTime=0 MaxTime=INFINITE DefMemPerCPU=500 State=UP
PartitionName=cancelled Nodes=ALL PriorityTier=1 PreemptMode=CANCEL GraceTime=3 MaxTime=INFINITE DefMemPerCPU=500 State=UP
`;
