/**
 * A thread of a task process that ends the process group once its supervisor is gone.
 *
 * A task that computes without yielding never sees that its channel is closed; this thread does: the parent's id
 * changes when the parent dies, however it died.
 */
import { workerData } from "node:worker_threads";

const supervisor = workerData as number;
setInterval(() => {
  if (process.ppid !== supervisor) process.kill(-process.pid, "SIGKILL");
}, 250);
