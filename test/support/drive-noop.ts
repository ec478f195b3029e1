/** A driver process for tests that kill it: runs one sleeping and one computing task on two slots. */
import { systemClock } from "../../src/core/clock.ts";
import { LocalExecutor } from "../../src/executors/local-executor.ts";
import { runPlan } from "../../src/executors/run-plan.ts";
import { LocalBroker } from "../../src/queue/local-broker.ts";
import { defaultRetryPolicy } from "../../src/queue/retry-policy.ts";
import { aLocalCard } from "./cards.ts";
import { aPlan, aTask } from "./plans.ts";

const plan = aPlan([
  aTask("asleep", { behaviour: { sleepMs: 120_000 } }),
  aTask("busy", { behaviour: { busyMs: 120_000 } }),
]);
await runPlan({
  plan,
  broker: new LocalBroker({ clock: systemClock, leaseMs: null }),
  executor: new LocalExecutor({ card: aLocalCard(), storeRoot: "/nowhere", logsRoot: null }),
  submit: { retryPolicy: defaultRetryPolicy, maxFailures: null, expectedSec: new Map() },
  onEvent: ({ kind }) => process.stdout.write(`${kind}\n`),
});
