/** Builder of heartbeats for tests of executors. */
import { heartbeatVersion, type WorkerHeartbeat } from "../../src/queue/worker-heartbeat.ts";

/** A worker of one idle slot in block `a-1`. */
export const aHeartbeat = (fields: Partial<WorkerHeartbeat> = {}): WorkerHeartbeat => ({
  v: heartbeatVersion,
  id: "n1/1/aa",
  block: "a-1",
  slurm_job: null,
  node: "n1",
  host: "n1",
  pid: 1,
  slots: 1,
  busy: 0,
  serves: null,
  started_at: 0,
  seen_at: 0,
  ends_at: null,
  takes_until: null,
  state: "working",
  tasks: [],
  ...fields,
});
