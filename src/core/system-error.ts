/** Errors of the operating system (no permission, disk full, not a folder): the environment's fault, not a bug of ours. */

const advice: Readonly<Record<string, string>> = {
  EACCES: "Correct the permissions, or choose another folder.",
  EPERM: "Correct the permissions, or choose another folder.",
  EROFS: "Choose a folder that can be written.",
  ENOSPC: "Free some disk space; finished work is kept.",
  EDQUOT: "Free some of your quota; finished work is kept.",
  EMFILE: "Raise the limit of open files (ulimit -n).",
  ENFILE: "Close other programs: the system has no file handles left.",
  EIO: "Look at the disk or file server: it did not do its work.",
  ESTALE: "Look at the file server: it no longer knows the file.",
  ENOMEM: "Close other programs: the system has no memory left.",
};

/** Errors that may be gone when the same call is made again, without anybody changing what it asks for. */
const transient: ReadonlySet<string> = new Set([
  // files and file servers
  "EAGAIN",
  "EBUSY",
  "EDQUOT",
  "EINTR",
  "EIO",
  "EMFILE",
  "ENFILE",
  "ENOLCK",
  "ENOMEM",
  "ENOSPC",
  "EREMOTEIO",
  "ESTALE",
  "ETXTBSY",
  // networks
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EAI_AGAIN",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETRESET",
  "ENETUNREACH",
  "ENOBUFS",
  "EPIPE",
  "ETIMEDOUT",
]);

/** True if the error, or one of its causes, is of a system call that may succeed when it is made again. */
export const isTransientError = (error: unknown): boolean => {
  let at = error;
  for (let depth = 0; at instanceof Error && depth < 8; depth++) {
    const { code, syscall } = at as NodeJS.ErrnoException;
    if (syscall !== undefined && transient.has(code ?? "")) return true;
    at = at.cause;
  }
  return false;
};

/** One complete message for a failed system call on a file; null for any other error. */
export const systemErrorText = (error: unknown): string | null => {
  if (!(error instanceof Error)) return null;
  const { code, syscall, path, message } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return null;
  if (path === undefined && advice[code] === undefined && !transient.has(code)) return null;
  const what = path === undefined ? `cannot ${syscall}` : `cannot ${syscall} ${path}`;
  const reason = /^\w+: ([^,]+)/.exec(message)?.[1] ?? message;
  const otherwise = path === undefined ? "Try again later." : "Check that path.";
  return `${what}: ${reason} (${code}). ${advice[code] ?? otherwise}`;
};

/** True for the error of a path at which there is nothing, because it or one of its folders is not there. */
export const isAbsentError = (error: unknown): boolean => {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR";
};
