import type { Processor, SnapshotEntry } from '@millrace/engine';
import { type ChangeBatch, type ChangeEvent, changeEvents } from '@millrace/formats';
import { systemClock, ulids } from '@millrace/kernel';
import { clusterConfig } from '../config.ts';
import { kafkaSource } from '../source/kafka-source.ts';
import { sourceStage } from '../source/source-stage.ts';
import { JOB } from './driven-sink.ts';

export interface DriveSourceOptions {
  readonly brokers: string;
  /** Options of the connection beside the brokers. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly stage: Readonly<Record<string, unknown>>;
  readonly instance?: { readonly index: number; readonly count: number };
  readonly restored?: readonly SnapshotEntry[] | undefined;
}

/** Calls one source instance as the engine would and collects what it emits as `op id note`. */
export class DrivenSource {
  readonly seen: string[] = [];
  readonly events: ChangeEvent[] = [];
  readonly #source: Processor;
  #failure: { readonly error: unknown } | undefined;
  #wake = (): void => {};
  isDone = false;

  private constructor(source: Processor) {
    this.#source = source;
  }

  static async start({ brokers, config, stage, instance, restored }: DriveSourceOptions): Promise<DrivenSource> {
    const { index = 0, count = 1 } = instance ?? {};
    const resolved = {
      config: clusterConfig.parse({ ...config, brokers: [brokers] }),
      stage: sourceStage.parse(stage),
      job: JOB,
    };
    const supplier = kafkaSource.createSource({ ...resolved, sinksShowRowsAtOnce: false });
    const driven = new DrivenSource(supplier({ globalIndex: index, totalParallelism: count }));
    const take = (item: unknown): boolean => {
      for (const event of changeEvents(item as ChangeBatch)) {
        const { op, before, after } = event;
        driven.events.push(event);
        const row = after ?? before!;
        const note = op === 'd' ? [] : [row['note']];
        driven.seen.push([op, row['id'], ...note].map(String).join(' '));
      }
      return true;
    };
    await driven.#source.init?.({
      ...JOB,
      generation: 1,
      vertex: JOB.stage,
      globalIndex: index,
      totalParallelism: count,
      guarantee: 'exactly-once',
      restoredSnapshotId: restored === undefined ? undefined : 1,
      outbox: { edgeCount: 1, offer: take, offerTo: (_, item) => take(item) },
      clock: systemClock,
      ids: ulids,
      metrics: { add() {}, set() {} },
      signal: new AbortController().signal,
      wake: () => driven.#wake(),
      fail(error) {
        driven.#failure ??= { error };
        driven.#wake();
      },
    });
    for (const entry of restored ?? []) driven.#source.restoreSnapshot?.(entry);
    await driven.#source.restoreFinished?.();
    return driven;
  }

  /** Lets it work until so many events have been seen, or it has ended. */
  async until(count: number): Promise<readonly string[]> {
    while (this.seen.length < count && !this.isDone) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      if (this.#failure !== undefined) throw this.#failure.error;
      this.isDone = this.#source.complete!();
      if (this.seen.length < count && !this.isDone) await woken;
    }
    return this.seen;
  }

  save(): SnapshotEntry[] {
    const entries: SnapshotEntry[] = [];
    this.#source.saveSnapshot!(1, { offer: (entry) => entries.push(entry) > 0 });
    return entries;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source.close!();
  }
}
