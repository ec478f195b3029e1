/** Whether a process of this machine lives, asked with signal 0. Ids are used again: a yes may mean another process. */

/** True if there is a process of that id, whoever owns it. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};

/** True if there is one that we may signal; of what we have started, another user's process only has the id. */
export const isAliveAndOurs = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
