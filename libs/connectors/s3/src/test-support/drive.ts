import { setTimeout as delay } from 'node:timers/promises';
import type { Batch, Processor, ProcessorContext, SnapshotEntry } from '@millrace/engine';
import { ChangeBatchBuilder, lsn, NO_TUPLE, Op, type TableSchema } from '@millrace/formats';
import { type Clock, systemClock, ulids } from '@millrace/kernel';
import type { S3Config } from '../config.ts';
import { s3Sink } from '../sink/s3-sink.ts';

export const JOB = { jobId: '01JD0000000000000000000000', jobName: 'lake', stage: 's3' };

export const tableOf = (table: string): TableSchema => ({
  id: `public.${table}`,
  schema: 'public',
  table,
  fieldCount: 2,
  replicaIdentity: 'default',
  columns: [
    { name: 'id', field: 0, kind: 'integer', sqlType: 'integer', key: true, nullable: false },
    { name: 'note', field: 1, kind: 'text', sqlType: 'text', key: false, nullable: true },
  ],
});

export const TABLES = [tableOf('orders'), tableOf('../odd name')] as const;

/** A field of a tuple: text, null, or unchanged. */
export type Field = string | null | undefined;

export function tuple(fields: readonly Field[]): Uint8Array {
  const parts = [Buffer.from([fields.length >> 8, fields.length & 255])];
  for (const field of fields) {
    const text = Buffer.from(field ?? '');
    const head = Buffer.alloc(5, 't');
    head.writeUInt32BE(text.length, 1);
    parts.push(typeof field === 'string' ? Buffer.concat([head, text]) : Buffer.from(field === null ? 'n' : 'u'));
  }
  return Buffer.concat(parts);
}

/** Events `start` to before `end`, spread over the tables; `note` is the same in all of them. */
export function eventBatch(start: number, end: number, tables: readonly TableSchema[] = TABLES, note = 'x'): Batch {
  const builder = new ChangeBatchBuilder(Math.max(1, end - start));
  const transaction = builder.transaction({ commitLsn: lsn(BigInt(end)), xid: end, commitTimeUs: 0n, complete: true });
  for (let id = start; id < end; id++) {
    const bytes = tuple([String(id), note]);
    const at = builder.addTuple(bytes, 0, bytes.length);
    builder.add(Op.Create, 0, tables[id % tables.length]!, NO_TUPLE, at, transaction, id - start);
  }
  return builder.build(0);
}

export interface DriveOptions {
  readonly config: S3Config;
  readonly generation: number;
  readonly writer?: number;
  readonly parallelism?: number;
  readonly restored?: { readonly snapshotId: number; readonly entries: readonly SnapshotEntry[] } | undefined;
  readonly stage?: Record<string, unknown>;
  readonly guarantee?: ProcessorContext['guarantee'];
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

/** Calls one sink instance as the engine would; every step resolves when the sink has said `true`, rejects when it failed. */
export class DrivenSink {
  readonly #sink: Processor;
  /** The newest and the highest value of each gauge, the sum of each counter. */
  readonly gauges = new Map<string, { now: number; max: number }>();
  readonly counters = new Map<string, number>();
  /** How often the sink said "not now" to a batch. */
  refusals = 0;
  #failure: { readonly error: unknown } | undefined;

  private constructor(sink: Processor) {
    this.#sink = sink;
  }

  static async start(options: DriveOptions): Promise<DrivenSink> {
    const { writer = 0, parallelism = 1 } = options;
    const stage = s3Sink.stage.parse(options.stage ?? {});
    const supplier = s3Sink.createSink({ config: options.config, stage, job: JOB });
    const driven = new DrivenSink(supplier({ globalIndex: writer, totalParallelism: parallelism }));
    const { gauges, counters } = driven;
    await driven.#sink.init?.({
      ...JOB,
      generation: options.generation,
      vertex: JOB.stage,
      globalIndex: writer,
      totalParallelism: parallelism,
      guarantee: options.guarantee ?? 'exactly-once',
      restoredSnapshotId: options.restored?.snapshotId,
      outbox: { edgeCount: 0, offer: () => true, offerTo: () => true },
      clock: options.clock ?? systemClock,
      ids: ulids,
      metrics: {
        add: (name, delta) => counters.set(name, (counters.get(name) ?? 0) + delta),
        set: (name, now) => gauges.set(name, { now, max: Math.max(now, gauges.get(name)?.max ?? 0) }),
      },
      signal: options.signal ?? new AbortController().signal,
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
    return this.#until(() => {
      const isTaken = this.#sink.process!(0, batch);
      if (!isTaken) this.refusals += 1;
      return isTaken;
    });
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
    while (this.#failure === undefined && !step()) await delay(1);
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
