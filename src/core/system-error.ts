/** Errors of the operating system (no permission, disk full, not a folder): the environment's fault, not a bug of ours. */

const advice: Readonly<Record<string, string>> = {
  EACCES: "Correct the permissions, or choose another folder.",
  EPERM: "Correct the permissions, or choose another folder.",
  EROFS: "Choose a folder that can be written.",
  ENOSPC: "Free some disk space; finished work is kept.",
  EDQUOT: "Free some of your quota; finished work is kept.",
  EMFILE: "Raise the limit of open files (ulimit -n).",
  ENFILE: "Close other programs: the system has no file handles left.",
};

/** One complete message for a failed system call on a file; null for any other error. */
export const systemErrorText = (error: unknown): string | null => {
  if (!(error instanceof Error)) return null;
  const { code, syscall, path, message } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return null;
  if (path === undefined && advice[code] === undefined) return null;
  const what = path === undefined ? `cannot ${syscall}` : `cannot ${syscall} ${path}`;
  const reason = /^\w+: ([^,]+)/.exec(message)?.[1] ?? message;
  return `${what}: ${reason} (${code}). ${advice[code] ?? "Check that path."}`;
};

/** True for the error of a path at which there is nothing, because it or one of its folders is not there. */
export const isAbsentError = (error: unknown): boolean => {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
};
