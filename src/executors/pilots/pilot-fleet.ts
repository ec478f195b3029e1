/**
 * All blocks of one card in one sweep: keeps what is known of them, asks the scheduler, and carries out what `scaling.ts`
 * decides. Effects go through the allocator, the worker pool and the ledger alone.
 */
import type { PilotCard } from "../../cards/card.ts";
import type { WorkerHeartbeat, WorkerPool } from "../../queue/worker-heartbeat.ts";
import { isHopeless } from "../slurm-status.ts";
import type { Allocator, NamedBlock } from "./allocator.ts";
import {
  type Block,
  type BlockNews,
  hasFailedToStart,
  hasProvenItself,
  needsStatus,
  newBlock,
  observeBlock,
} from "./block.ts";
import { nodesToAvoid, whyEnded } from "./block-end.ts";
import type { BlockLedger } from "./block-ledger.ts";
import { afterFailedStart, afterRefusal, afterTaken, afterWorker, type Brake, newBrake } from "./brake.ts";
import { cardStateOf } from "./card-state.ts";
import { blocksWanted, type Demand, decideScaling, isOfUse, type ScalingAction } from "./scaling.ts";
import type { WorkerProgram } from "./worker-script.ts";

/** What happened to a block, for events and people. */
export interface BlockEvent {
  readonly block: string;
  readonly state: "submitted" | "working" | "ended" | "refused" | "drained" | "cancelled";
  /** The scheduler's id; null: not known. */
  readonly id: string | null;
  readonly message: string;
}

/** What the fleet works with. */
export interface FleetOptions {
  readonly card: PilotCard;
  readonly sweepId: string;
  readonly allocator: Allocator;
  readonly pool: WorkerPool;
  readonly ledger: BlockLedger;
  readonly program: WorkerProgram;
  /** Folder in which blocks run. */
  readonly workingFolder: string;
  /** The scheduler is asked no more often; milliseconds. */
  readonly statusEveryMs: number;
  readonly now: () => number;
  readonly onBlock: (event: BlockEvent) => void;
  readonly warn: (message: string) => void;
}

export class PilotFleet {
  readonly #options: FleetOptions;
  #blocks: Block[] = [];
  #ended: Block[] = [];
  #brake: Brake = newBrake;
  #badNodes: readonly string[] = [];
  #next = 1;
  #hasSubmitted = false;
  #askedAt = Number.NEGATIVE_INFINITY;
  #wasAnswered = true;
  #surplusSince: number | null = null;
  readonly #warned = new Set<string>();

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Takes over the blocks of an earlier driver; they count as alive until somebody says otherwise. */
  load(): void {
    const { ledger } = this.#options;
    const file = ledger.load();
    this.#next = file.next;
    this.#badNodes = file.bad_nodes;
    this.#ended = file.blocks.filter(({ phase }) => phase === "ended");
    this.#blocks = file.blocks.filter(({ phase }) => phase !== "ended");
    this.#options.allocator.adopt(this.#blocks.map((block) => this.#named(block)));
    this.#hasSubmitted = this.#blocks.length > 0;
    this.#wasAnswered = this.#blocks.length === 0;
  }

  /** Blocks that are not known to be over. */
  get blocks(): readonly Block[] {
    return this.#blocks;
  }

  /** Why no further block will be started; null: it may. */
  get stopped(): string | null {
    return this.#brake.stopped;
  }

  /** True if some block will still take work. */
  get isOfUse(): boolean {
    return this.#blocks.some(isOfUse);
  }

  /** Takes in what workers, scripts and (when it is due) the scheduler say. */
  async observe(heartbeats: readonly WorkerHeartbeat[]): Promise<void> {
    const { ledger, now } = this.#options;
    const asked = await this.#askScheduler(heartbeats);
    this.#blocks = this.#blocks.flatMap((block) => {
      const own = heartbeats.filter((worker) => worker.block === block.name);
      const news: BlockNews = {
        now: now(),
        heartbeats: own,
        status: asked === null ? null : (asked.get(block.name) ?? "absent"),
        report: own.length > 0 ? null : ledger.readReport(block.name),
      };
      return this.#follow(block, observeBlock(block, news));
    });
    this.#save();
  }

  /** Starts and ends blocks as the demand asks for; `isClosing`: starts none. */
  async scale(demand: Demand, isClosing: boolean): Promise<void> {
    const { card, now } = this.#options;
    const time = now();
    const state = {
      now: time,
      blocks: this.#blocks,
      demand: demand.tasks,
      otherSlots: demand.otherSlots,
      limits: card.blocks,
      slotsPerBlock: card.worker.slots * card.nodesPerBlock,
      isFirst: !this.#hasSubmitted,
      isStatusKnown: this.#wasAnswered || !this.#blocks.some((block) => needsStatus(block, time)),
      maySubmit: !isClosing && this.#brake.stopped === null && time >= this.#brake.nextAt,
      surplusSince: this.#surplusSince,
    };
    const actions = decideScaling(state);
    const isSurplus = blocksWanted(state) < this.#blocks.filter(isOfUse).length;
    this.#surplusSince = isSurplus ? (this.#surplusSince ?? time) : null;
    for (const action of actions) await this.#act(action);
    this.#save();
  }

  /** Asks all workers to give back and end. */
  async drain(heartbeats: readonly WorkerHeartbeat[]): Promise<void> {
    for (const { name } of this.#blocks) await this.#drain(name, heartbeats);
  }

  /** Ends every block, whatever it does. */
  async end(): Promise<void> {
    await this.#cancel(this.#blocks, "the sweep is over");
    this.#blocks = this.#blocks.map((block) => ({
      ...block,
      phase: "ended",
      endedAt: this.#options.now(),
      cancelCause: "unwanted",
    }));
    this.#ended.push(...this.#blocks);
    this.#blocks = [];
    this.#save();
  }

  async #askScheduler(heartbeats: readonly WorkerHeartbeat[]) {
    const { allocator, now, statusEveryMs, ledger } = this.#options;
    if (now() - this.#askedAt < statusEveryMs) return null;
    const heard = new Set(heartbeats.map(({ block }) => block));
    const silent = this.#blocks.filter(({ name }) => !heard.has(name));
    // A fresh block is given time, unless it was left behind by another driver or has said its last word.
    const isFresh = ({ name, submittedAt }: Block): boolean =>
      this.#wasAnswered && now() - submittedAt < statusEveryMs && ledger.readReport(name) === null;
    if (silent.every(isFresh)) return null;
    this.#askedAt = now();
    const answer = await allocator.status(this.#blocks.map((block) => this.#named(block)));
    this.#wasAnswered = answer.kind === "answer";
    if (answer.kind === "answer") return answer.byName;
    this.#warnOnce(`${answer.message}; blocks count as alive until it does.`);
    return null;
  }

  /** Says what has changed; an ended block leaves the list. */
  #follow(before: Block, after: Block): readonly Block[] {
    const { onBlock, card } = this.#options;
    const event = { block: after.name, id: after.id };
    if (!before.hasWorked && after.hasWorked)
      onBlock({ ...event, state: "working", message: `its worker runs on ${after.nodes}` });
    if (hasProvenItself(after, this.#options.now())) this.#brake = afterWorker(this.#brake);
    if (after.phase === "pending" && after.reason !== before.reason && isHopeless(after.reason))
      this.#warnOnce(
        `block ${after.name} will not start: SLURM says ${after.reason}. Check its card "${card.label}".`,
      );
    if (after.phase !== "ended") return [after];
    this.#ended.push(after);
    onBlock({ ...event, state: "ended", message: whyEnded(after) });
    if (hasFailedToStart(after)) this.#noteFailedStart(after);
    return [];
  }

  #noteFailedStart(block: Block): void {
    const { card, ledger, now } = this.#options;
    const output = ledger.outputTail(block.name);
    const ending = output === "" ? "" : ` Its output (${ledger.outputPath(block.name)}) ends in:\n${output}`;
    const what = `block ${block.name} ended before its worker was heard of: ${whyEnded(block)}.${ending}`;
    const message = `${card.submit.startFailsToPause} blocks in a row did not start a worker. The last: ${what}`;
    this.#brake = afterFailedStart(this.#brake, { now: now(), message }, card.submit);
    if (this.#brake.stopped === null) this.#options.warn(what);
    const bad = nodesToAvoid(block, [...this.#ended, ...this.#blocks], this.#badNodes);
    if (bad.length === 0) return;
    this.#badNodes = [...this.#badNodes, ...bad];
    this.#options.warn(`no further block is given ${bad.join(", ")}, where a worker could not be started.`);
  }

  async #act(action: ScalingAction): Promise<void> {
    switch (action.kind) {
      case "submit": // one at a time: the brake says when the next may follow
        await this.#submit();
        return;
      case "drain":
        await this.#drain(action.block, await this.#options.pool.workers());
        return;
      case "cancel":
        this.#blocks = this.#blocks.map((block) =>
          block.name === action.block ? { ...block, cancelCause: action.cause } : block,
        );
        await this.#cancel(
          this.#blocks.filter(({ name }) => name === action.block),
          action.why,
        );
    }
  }

  async #submit(): Promise<void> {
    const { card, allocator, ledger, now, onBlock, sweepId, program, workingFolder } = this.#options;
    const name = `${card.label}-${this.#next++}`;
    const block = newBlock(name, null, now());
    ledger.clear(name);
    this.#hasSubmitted = true;
    this.#blocks.push(block);
    this.#save(); // before it is submitted: a driver that dies now leaves a block that can be found by its name
    const outcome = await allocator.submit({
      sweepId,
      name,
      jobName: this.#named(block).jobName,
      outputPath: ledger.outputPath(name),
      exitPath: ledger.exitPath(name),
      workingFolder,
      badNodes: this.#badNodes,
      program,
    });
    const time = now();
    if (outcome.kind === "taken") {
      const { id, command } = outcome;
      this.#replace({ ...block, id, phase: "pending", ...(command === undefined ? {} : { command }) });
      this.#brake = afterTaken(this.#brake, time, card.submit);
      onBlock({ block: name, id: outcome.id, state: "submitted", message: allocator.description });
      return;
    }
    const isPermanent = outcome.kind === "refused" && outcome.isPermanent;
    const { message } = outcome;
    if (outcome.kind === "refused") this.#blocks = this.#blocks.filter((other) => other.name !== name);
    this.#brake = afterRefusal(this.#brake, { now: time, message: `${message}.`, isPermanent }, card.submit);
    onBlock({ block: name, id: null, state: "refused", message });
    if (this.#brake.stopped === null) this.#options.warn(`${message}; trying again later.`);
  }

  async #drain(name: string, heartbeats: readonly WorkerHeartbeat[]): Promise<void> {
    const block = this.#blocks.find((other) => other.name === name);
    if (block === undefined) return;
    const workers = heartbeats.filter((worker) => worker.block === name);
    this.#replace({ ...block, isLeaving: true, cancelCause: "unwanted" });
    this.#options.onBlock({ block: name, id: block.id, state: "drained", message: "no work for it" });
    if (workers.length === 0) await this.#cancel([block], "no work for it");
    for (const worker of workers) await this.#options.pool.requestDrain(worker.id);
  }

  async #cancel(blocks: readonly Block[], why: string): Promise<void> {
    const { allocator, now, onBlock, warn } = this.#options;
    if (blocks.length === 0) return;
    const problem = await allocator.cancel(blocks.map((block) => this.#named(block)));
    if (problem !== null) warn(`${problem}. Look for jobs named lambda-hat.${this.#options.sweepId}.`);
    for (const block of blocks) {
      const known = this.#blocks.find(({ name }) => name === block.name) ?? block;
      this.#replace({ ...known, cancelledAt: now(), isLeaving: true });
      onBlock({ block: block.name, id: block.id, state: "cancelled", message: why });
    }
  }

  #named({ name, id, command }: Block): NamedBlock {
    const jobName = `lambda-hat.${this.#options.sweepId}.${name}`;
    return { name, id, jobName, ...(command === undefined ? {} : { command }) };
  }

  #replace(block: Block): void {
    this.#blocks = this.#blocks.map((other) => (other.name === block.name ? block : other));
  }

  #save(): void {
    const { ledger, card, now } = this.#options;
    const blocks = [...this.#ended, ...this.#blocks];
    const state = cardStateOf(card, this.#brake, now());
    ledger.save({ next: this.#next, bad_nodes: this.#badNodes, blocks, state });
  }

  #warnOnce(message: string): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.#options.warn(message);
  }
}
