/**
 * What happens when the reader of the output goes away (`| head`): commands that only print end quietly, a sweep goes on.
 */

let mayEnd = true;

/** From now on the output does not matter: work is being done. */
export const goOnWithoutReader = (): void => {
  mayEnd = false;
};

/** Called once, before anything is printed. */
export const watchOutput = (): void => {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      if (mayEnd && stream === process.stdout) process.exit(process.exitCode ?? 0);
    });
  }
};
