import type { Batch } from '@millrace/engine';
import { ChangeBatchBuilder, lsn, NO_TUPLE, Op, type TableSchema } from '@millrace/formats';
import { DrivenSink, type DriveSinkOptions } from '@millrace/testing/drivers';
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

/** One writer of the sink in the directory. */
export const startSink = ({
  directory,
  ...options
}: Omit<DriveSinkOptions, 'config'> & { readonly directory: string }): Promise<DrivenSink> =>
  DrivenSink.start(filesSink, { ...options, job: JOB, config: { directory } });
