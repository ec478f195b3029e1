/** Builders of cards for tests of executors. */
import type { LocalCard, LocalWorkers } from "../../src/cards/card.ts";

/** A local card with one group of workers. */
export const aLocalCard = (
  workers: Partial<LocalWorkers> = {},
  card: Partial<LocalCard> = {},
): LocalCard => ({
  type: "local",
  label: "local",
  executors: [
    {
      label: "local",
      slots: 2,
      threadsPerTask: 1,
      memoryMiB: null,
      serves: null,
      workerInit: "",
      env: {},
      ...workers,
    },
  ],
  retries: null,
  crashLimit: 3,
  graceSec: 5,
  runDir: null,
  ...card,
});
