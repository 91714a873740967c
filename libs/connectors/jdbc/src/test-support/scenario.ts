import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { SnapshotEntry } from '@millrace/engine';
import { RecordedRefusals } from '@millrace/testing/drivers';
import { ChangeFeed, type TestEvent, tableSchema } from './change-feed.ts';
import { startSink } from './drive.ts';

export interface Scenario {
  /** Options of the sink. */
  readonly connection: object;
  readonly jobId: string;
  readonly table: string;
  /** `refusing`: append, and the target refuses rows. */
  readonly mode: 'upsert' | 'append' | 'refusing';
  /** Where the coordinator's record is kept. */
  readonly record: string;
  readonly generation: number;
}

interface CommitRecord {
  readonly snapshotId: number;
  /** Transactions of the source that are covered. */
  readonly transactions: number;
  /** Set aside in snapshots so far. */
  readonly letters: readonly string[];
  readonly entries: readonly { readonly partition: number; readonly key: string; readonly value: string }[];
}

/** What the source does. Each event writes a value of its own. */
function sourceTransactions(table: string): readonly (readonly TestEvent[])[] {
  const schema = tableSchema(`public.${table}`, { '*id': 'integer', v: 'text' });
  const put = (op: 'Create' | 'Update', id: number, v: string): TestEvent => ({
    op,
    schema,
    after: { id: `${id}`, v },
  });
  const remove = (id: number): TestEvent => ({ op: 'Delete', schema, before: { id: `${id}` } });
  return [
    [put('Create', 1, 'a'), put('Create', 2, 'b')],
    [put('Update', 1, 'c'), remove(2), put('Create', 3, 'd')],
    [put('Create', 2, 'e'), remove(3)],
    [put('Update', 2, 'f'), put('Create', 4, 'g')],
  ];
}

const TRANSACTIONS_A_SNAPSHOT = 2;
/** Rows of the scenario's end: the current ones, or one for each created or updated row. */
export const EXPECTED = {
  upsert: ['1 c', '2 f', '4 g'],
  append: ['1 a', '1 c', '2 b', '2 e', '2 f', '3 d', '4 g'],
  refusing: ['1 a', '2 b', '2 e', '3 d', '4 g'],
} as const;

/** What is set aside where the target refuses these values. */
export const REFUSED_VALUES = ['c', 'f'];
export const LETTERS = ['refused 1 c', 'refused 2 f'];

/** What the coordinator has stored last. */
export function readRecord(path: string): CommitRecord | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as CommitRecord;
  } catch {
    return undefined;
  }
}

/** Source, coordinator and sink in one: continues from the commit record and runs to the end of the source. */
export async function runScenario({ connection, jobId, table, mode, record, generation }: Scenario): Promise<void> {
  writeFileSync(`${record}.generation`, String(generation));
  const found = readRecord(record);
  const state = found?.entries.map(
    ({ value, ...entry }): SnapshotEntry => ({ ...entry, value: Buffer.from(value, 'base64') }),
  );
  const stage = mode === 'upsert' ? { mode } : { mode: 'append', changeColumns: false };
  const restored = found?.snapshotId;
  const refusals = mode === 'refusing' ? new RecordedRefusals({ parkKeys: false }) : undefined;
  const sink = await startSink(connection, { jobId, generation, restored, state: state ?? [], stage, refusals });
  const transactions = sourceTransactions(table);
  let snapshotId = restored ?? 0;
  let next = found?.transactions ?? 0;
  const snapshot = async (): Promise<void> => {
    snapshotId += 1;
    const entries = (await sink.prepare(snapshotId)).map(({ value, ...entry }) => ({
      ...entry,
      value: Buffer.from(value).toString('base64'),
    }));
    // As the coordinator's store: only the newest execution may write the record.
    if (Number(readFileSync(`${record}.generation`, 'utf8')) !== generation) throw new Error('fenced by the store');
    const letters = [...(found?.letters ?? []), ...(refusals?.aside ?? [])];
    writeFileSync(`${record}.new`, JSON.stringify({ snapshotId, transactions: next, letters, entries }));
    renameSync(`${record}.new`, record);
    await sink.commit(snapshotId);
  };
  while (next < transactions.length) {
    for (const end = next + TRANSACTIONS_A_SNAPSHOT; next < end; next++) {
      await sink.write(...new ChangeFeed().transaction(BigInt(next + 1) * 16n, transactions[next]!).take());
    }
    await snapshot();
  }
  // What the last commit set aside is in the next snapshot.
  if (mode === 'refusing') await snapshot();
  await sink.close();
}
