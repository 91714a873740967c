import { setTimeout as delay } from 'node:timers/promises';
import type { Batch, Processor, ProcessorContext, SnapshotEntry } from '@millrace/engine';
import { ChangeBatchBuilder, lsn, NO_TUPLE, Op, type TableSchema } from '@millrace/formats';
import { systemClock, ulids } from '@millrace/kernel';
import { filesSink } from '../connector.ts';

export const JOB = { jobId: '01JD0000000000000000000000', jobName: 'lake', stage: 'files' };

const tableOf = (table: string): TableSchema => ({
  id: `public.${table}`,
  schema: 'public',
  table,
  fieldCount: 1,
  replicaIdentity: 'default',
  columns: [{ name: 'id', field: 0, kind: 'bigint', sqlType: 'bigint', key: true, nullable: false }],
});

export const TABLES = [tableOf('orders'), tableOf('../odd name')] as const;

/** Events `start` to before `end`, spread over the tables. */
export function eventBatch(start: number, end: number, tables: readonly TableSchema[] = TABLES): Batch {
  const builder = new ChangeBatchBuilder();
  const transaction = builder.transaction({ commitLsn: lsn(BigInt(end)), xid: end, commitTimeUs: 0n, complete: true });
  for (let id = start; id < end; id++) {
    const text = Buffer.from(String(id));
    const tuple = Buffer.concat([Buffer.from([0, 1, 0x74, 0, 0, 0, text.length]), text]);
    const at = builder.addTuple(tuple, 0, tuple.length);
    builder.add(Op.Create, 0, tables[id % tables.length]!, NO_TUPLE, at, transaction, id - start);
  }
  return builder.build(0);
}

export interface DriveOptions {
  readonly directory: string;
  readonly generation: number;
  readonly writer?: number;
  readonly parallelism?: number;
  readonly restored?: { readonly snapshotId: number; readonly entries: readonly SnapshotEntry[] } | undefined;
  readonly stage?: Record<string, unknown>;
  readonly guarantee?: ProcessorContext['guarantee'];
}

/** Calls one sink instance as the engine would; every step resolves when the sink has said `true`, rejects when it failed. */
export class DrivenSink {
  readonly #sink: Processor;
  #failure: { readonly error: unknown } | undefined;

  private constructor(sink: Processor) {
    this.#sink = sink;
  }

  static async start(options: DriveOptions): Promise<DrivenSink> {
    const { writer = 0, parallelism = 1 } = options;
    const stage = filesSink.stage.parse(options.stage ?? {});
    const supplier = filesSink.createSink({ config: { directory: options.directory }, stage, job: JOB });
    const driven = new DrivenSink(supplier({ globalIndex: writer, totalParallelism: parallelism }));
    await driven.#sink.init?.({
      ...JOB,
      generation: options.generation,
      vertex: JOB.stage,
      globalIndex: writer,
      totalParallelism: parallelism,
      guarantee: options.guarantee ?? 'exactly-once',
      restoredSnapshotId: options.restored?.snapshotId,
      outbox: { edgeCount: 0, offer: () => true, offerTo: () => true },
      clock: systemClock,
      ids: ulids,
      metrics: { add() {}, set() {} },
      signal: new AbortController().signal,
      wake() {},
      fail(error) {
        driven.#failure ??= { error };
      },
    });
    for (const entry of options.restored?.entries ?? []) driven.#sink.restoreSnapshot?.(entry);
    await driven.#sink.restoreFinished?.();
    return driven;
  }

  /** Writes a batch. */
  write(batch: Batch): Promise<void> {
    return this.#until(() => this.#sink.process!(0, batch));
  }

  /** Phase one; returns the state to keep. */
  async prepare(snapshotId: number): Promise<SnapshotEntry[]> {
    const entries: SnapshotEntry[] = [];
    await this.#until(() => this.#sink.snapshotPrepare!(snapshotId));
    await this.#until(() => this.#sink.saveSnapshot!(snapshotId, { offer: (entry) => entries.push(entry) > 0 }));
    return entries;
  }

  async commit(snapshotId: number): Promise<void> {
    await this.#sink.snapshotCommit!(snapshotId);
  }

  complete(): Promise<void> {
    return this.#until(() => this.#sink.complete!());
  }

  async close(): Promise<void> {
    await this.#sink.close?.();
  }

  async #until(step: () => boolean): Promise<void> {
    while (this.#failure === undefined && !step()) await delay(0);
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
