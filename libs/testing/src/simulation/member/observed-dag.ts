import {
  Dag,
  isIdle,
  type Outbox,
  type Processor,
  type ProcessorContext,
  QUEUE_ROWS_MAX,
  type Watermark,
} from '@millrace/engine';
import type { Random } from '@millrace/kernel';
import type { Fault } from '../faults/fault.ts';
import type { Findings } from '../findings.ts';
import { randomFor } from '../loop/seeds.ts';
import type { VirtualLoop } from '../loop/virtual-loop.ts';
import type { VirtualThread } from '../loop/virtual-thread.ts';

/** Queues so small that refusals are everyday. */
const QUEUE_ROWS_MIN = 1;
const QUEUE_ROWS_SMALL = 40;
const SMALL_QUEUE_CHANCE = 0.8;
/** Share of the callbacks that are slow while tasklets are. */
const SLOW_CHANCE = 0.3;

export interface ObservedParts {
  readonly seed: number;
  readonly loop: VirtualLoop;
  readonly random: Random;
  readonly faults: readonly Fault[];
  readonly findings: Findings;
  /** Batches processed so far in the whole simulation. */
  readonly batches: { count: number };
}

/** The same DAG with queues of the seed's sizes, and processors that are slow or fail by the plan and whose watermarks are watched. */
export function observedDag(dag: Dag, thread: VirtualThread, parts: ObservedParts): Dag {
  const random = randomFor(parts.seed, 'queues');
  const observed = new Dag();
  for (const { name, supplier, localParallelism } of dag.vertices) {
    const observedSupplier: typeof supplier = (instance) => {
      const processor = supplier(instance);
      return watch(processor, `${name}#${instance.globalIndex}`, thread, parts);
    };
    observed.vertex(name, observedSupplier, { localParallelism });
  }
  for (const { from, to, routing, priority } of dag.edges) {
    const isSmall = random.chance(SMALL_QUEUE_CHANCE);
    const queueRowsMax = isSmall ? random.integer(QUEUE_ROWS_MIN, QUEUE_ROWS_SMALL) : QUEUE_ROWS_MAX;
    observed.edge(from, to, { routing, priority, queueRowsMax });
  }
  return observed;
}

/** Callbacks are replaced on the instance itself: one that is missing must stay missing, the engine asks whether it is there. */
function watch(processor: Processor, name: string, thread: VirtualThread, parts: ObservedParts): Processor {
  const { findings, faults, loop, random, batches } = parts;
  const init = processor.init?.bind(processor);
  const process = processor.process?.bind(processor);
  processor.init = (context: ProcessorContext) =>
    init?.({ ...context, outbox: new WatchedOutbox(context.outbox, name, findings) });
  if (process === undefined) return processor;
  processor.process = (ordinal, batch) => {
    for (const fault of faults) {
      if (fault.kind !== 'slow-tasklets' || loop.nowMs < fault.fromMs) continue;
      const isOver = loop.nowMs >= fault.fromMs + fault.durationMs;
      if (!isOver && random.next() < SLOW_CHANCE) thread.spend(random.next() * fault.spendMs);
    }
    batches.count += 1;
    const isFailing = faults.some((fault) => fault.kind === 'processor-fails' && fault.nthBatch === batches.count);
    if (isFailing) throw new Error(`simulated: ${name} fails`);
    return process(ordinal, batch);
  };
  return processor;
}

/** INV-9: what an instance says of event time on an edge never goes back. */
class WatchedOutbox implements Outbox {
  readonly edgeCount: number;
  readonly readsAtOnce: boolean | undefined;
  readonly #outbox: Outbox;
  readonly #name: string;
  readonly #findings: Findings;
  readonly #newestMs: number[];

  constructor(outbox: Outbox, name: string, findings: Findings) {
    this.#outbox = outbox;
    this.#name = name;
    this.#findings = findings;
    this.edgeCount = outbox.edgeCount;
    this.readsAtOnce = outbox.readsAtOnce;
    this.#newestMs = new Array(outbox.edgeCount).fill(Number.NEGATIVE_INFINITY);
  }

  offer(item: Parameters<Outbox['offer']>[0]): boolean {
    const isTaken = this.#outbox.offer(item);
    if (isTaken && item.kind === 'watermark') {
      for (let ordinal = 0; ordinal < this.edgeCount; ordinal++) this.#note(ordinal, item);
    }
    return isTaken;
  }

  offerTo(ordinal: number, item: Parameters<Outbox['offer']>[0]): boolean {
    const isTaken = this.#outbox.offerTo(ordinal, item);
    if (isTaken && item.kind === 'watermark') this.#note(ordinal, item);
    return isTaken;
  }

  #note(ordinal: number, mark: Watermark): void {
    if (isIdle(mark)) return;
    const newestMs = this.#newestMs[ordinal]!;
    if (mark.timeMs < newestMs) {
      this.#findings.add('INV-9', `${this.#name}: watermark ${mark.timeMs} on edge ${ordinal} after ${newestMs}`);
    }
    this.#newestMs[ordinal] = Math.max(newestMs, mark.timeMs);
  }
}
