import type { Batch } from '@millrace/engine';
import { ChangeBatchBuilder, lsn, NO_TUPLE, Op, type TableSchema } from '@millrace/formats';
import { DrivenSink, type DriveSinkOptions } from '@millrace/testing/drivers';
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

/** One writer of the sink. */
export const startSink = (options: DriveSinkOptions): Promise<DrivenSink> =>
  DrivenSink.start(s3Sink, { ...options, job: JOB });
