/** bull-board as it is used here: read only. An optional package, loaded when it is asked for. */
import type { RequestListener } from "node:http";
import type { Queue } from "bullmq";
import { SweepError } from "../../core/errors.ts";

/** A board that is not served yet. */
export interface Board {
  readonly handle: RequestListener;
  /** Replaces the queues that are shown. */
  show(queues: readonly Queue[]): void;
}

/** @throws SweepError `ENVIRONMENT` if bull-board is not installed. */
export const openBoard = async (): Promise<Board> => {
  const { createBullBoard, BullMQAdapter, ExpressAdapter } = await loadPackages();
  const serverAdapter = new ExpressAdapter();
  const board = createBullBoard({
    queues: [],
    serverAdapter,
    options: { uiConfig: { boardTitle: "lambda-hat" } },
  });
  return {
    handle: serverAdapter.getRouter() as RequestListener,
    show: (queues) =>
      board.replaceQueues(queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: true }))),
  };
};

const loadPackages = async () => {
  try {
    const [{ createBullBoard }, { BullMQAdapter }, { ExpressAdapter }] = await Promise.all([
      import("@bull-board/api"),
      import("@bull-board/api/bullMQAdapter"),
      import("@bull-board/express"),
    ]);
    return { createBullBoard, BullMQAdapter, ExpressAdapter };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    const advice =
      "Install them beside it: npm install --no-save @bull-board/api@9 @bull-board/express@9. Or look with: lambda-hat status";
    throw new SweepError("ENVIRONMENT", `board needs packages that are not installed. ${advice}`, { cause });
  }
};
