/** Resolves once signals and messages that waited have been heard; long computations await it between their slices. */
export const turnOfEventLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
