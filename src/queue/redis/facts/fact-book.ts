/**
 * Enters facts from Redis into the ledger of a sweep, whatever order and number they come in.
 *
 * Attempts of a task are numbered, so a fact of an older attempt, or one that came twice, changes nothing. A build tells
 * that it is done after it has released what waits for it: facts of tasks whose needs are not done yet are kept back.
 */
import { isFinal } from "../../../plan/task-state.ts";
import type { SweepLedger } from "../../sweep-ledger.ts";
import type { TaskEntry } from "../../task-entry.ts";
import type { Fact } from "./fact.ts";

type TaskFact = Exclude<Fact, { readonly kind: "refused" }>;
type FailedFact = Extract<Fact, { readonly kind: "failed" }>;

/** What follows from facts beyond the ledger. */
export interface FactHooks {
  /** A failed task waits for its next attempt. */
  onRetry(entry: TaskEntry, dueAt: number): void;
  /** A task runs although it is final: it was cancelled while a worker took it. */
  onZombie(entry: TaskEntry): void;
}

/** The facts of one ledger. */
export class FactBook {
  readonly #ledger: SweepLedger;
  readonly #hooks: FactHooks;
  /** Facts of tasks that still wait for others. */
  readonly #early = new Map<string, TaskFact[]>();

  constructor(ledger: SweepLedger, hooks: FactHooks) {
    this.#ledger = ledger;
    this.#hooks = hooks;
  }

  /** Enters one fact. */
  apply(fact: TaskFact): void {
    const entry = this.#ledger.find(fact.taskId);
    if (entry === null) return;
    if (isFinal(entry.state)) {
      if (fact.kind === "started" && entry.state === "cancelled") this.#hooks.onZombie(entry);
    } else if (entry.numOpenNeeds > 0) {
      this.#early.set(fact.taskId, [...(this.#early.get(fact.taskId) ?? []), fact]);
    } else {
      this.#applyTo(entry, fact);
    }
  }

  #applyTo(entry: TaskEntry, fact: TaskFact): void {
    if (fact.attempt > entry.attempt) this.#begin(entry, fact);
    if (fact.kind === "done") {
      this.#complete(entry, fact);
      return;
    }
    if (fact.attempt !== entry.attempt || entry.state !== "running") return;
    if (fact.kind === "failed") this.#fail(entry, fact);
    else if (fact.kind === "given_back") this.#ledger.giveBack(entry);
    else if (fact.kind === "progress") this.#ledger.progress(entry, fact.progress);
  }

  /** A new attempt, of whose predecessor the end may not have been told. */
  #begin(entry: TaskEntry, fact: TaskFact): void {
    if (entry.state === "running") this.#ledger.giveBack(entry);
    if (isFinal(entry.state)) return; // it was to be cancelled
    if (entry.state === "waiting") this.#ledger.makeReady(entry);
    const worker = "worker" in fact ? fact.worker : "unknown";
    const token = fact.kind === "started" ? fact.token : "";
    this.#ledger.start(entry, { worker }, { number: fact.attempt, token });
  }

  #complete(entry: TaskEntry, fact: Extract<Fact, { readonly kind: "done" }>): void {
    if (isFinal(entry.state)) return;
    if (entry.state === "waiting") this.#ledger.makeReady(entry);
    if (entry.state === "ready") {
      const begun = { number: Math.max(entry.attempt, fact.attempt), token: "" };
      this.#ledger.start(entry, { worker: fact.worker }, begun);
    }
    this.#ledger.complete(entry, fact.summary);
    for (const dependent of this.#ledger.dependentsOf(entry.task.id)) {
      const early = this.#early.get(dependent) ?? [];
      this.#early.delete(dependent);
      for (const kept of early) this.apply(kept);
    }
  }

  #fail(entry: TaskEntry, { failure, decision, time }: FailedFact): void {
    this.#ledger.fail(entry, failure, decision);
    if (entry.state === "waiting" && decision.kind === "retry")
      this.#hooks.onRetry(entry, time + decision.delayMs);
  }
}
