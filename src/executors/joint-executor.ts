/** Several executors that work on one sweep side by side, as one. */
import type { Broker } from "../queue/broker.ts";
import type { Executor } from "./executor.ts";

/** If one cannot go on, the others are stopped and its error is thrown. */
export class JointExecutor implements Executor {
  readonly description: string;
  readonly numSlots: number;
  readonly warnings: readonly string[];
  readonly #executors: readonly Executor[];

  constructor(executors: readonly Executor[]) {
    this.#executors = executors;
    this.description = executors.map(({ description }) => description).join("; ");
    this.numSlots = executors.reduce((sum, { numSlots }) => sum + numSlots, 0);
    this.warnings = executors.flatMap(({ warnings }) => warnings);
  }

  async run(broker: Broker): Promise<void> {
    const ends = this.#executors.map((executor) =>
      executor.run(broker).catch((error: unknown) => {
        this.kill();
        throw error;
      }),
    );
    const failed = (await Promise.allSettled(ends)).find((end) => end.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  drain(): void {
    for (const executor of this.#executors) executor.drain();
  }

  kill(): void {
    for (const executor of this.#executors) executor.kill();
  }
}
