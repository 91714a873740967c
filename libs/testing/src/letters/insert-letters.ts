import type { TestDatabase } from '../servers/test-database.ts';

/** A dead letter as a test wants it; what is left out is a record of `public.orders` that a stage `copy` set aside. */
export interface TestLetter {
  readonly number: number;
  readonly stage?: string;
  readonly state?: 'open' | 'replaying' | 'replayed' | 'discarded';
  readonly reason?: string;
  readonly isParked?: boolean;
  readonly table?: string;
  /** Value of the key column `id`. */
  readonly id?: string;
  readonly op?: 'c' | 'u' | 'd' | 'r' | 't';
  readonly after?: Readonly<Record<string, string | null>> | null;
  /** When it was set aside. */
  readonly at?: string;
}

const column = (name: string, field: number, kind: string, sqlType: string, key = false) => ({
  name,
  field,
  kind,
  sqlType,
  key,
  nullable: !key,
});

/** The record as the engine writes it. */
function eventOf({ number, table = 'public.orders', op = 'c', id = '1', after }: TestLetter): object {
  const [schema, name] = table.split('.');
  const columns = [
    column('id', 0, 'integer', 'integer', true),
    column('total', 1, 'exact', 'numeric(12,2)'),
    column('note', 2, 'text', 'text'),
  ];
  return {
    op,
    schema: { id: table, schema, table: name, columns, fieldCount: 3, replicaIdentity: 'default' },
    before: op === 'd' ? { id } : null,
    after: op === 'd' || op === 't' ? null : (after ?? { id, total: '0', note: `letter ${number}` }),
    flags: 0,
    position: { commitLsn: `0/${(1_000 + number).toString(16).toUpperCase()}`, index: number },
    xid: 700 + number,
    commitTimeUs: '1795824000000000',
    receivedMs: 1_795_824_000_500,
  };
}

/** Writes dead letters as a running job would, into the metadata database. */
export async function insertLetters(
  database: TestDatabase,
  jobId: string,
  letters: readonly TestLetter[],
): Promise<void> {
  const rows = letters.map((letter) => ({
    job_id: jobId,
    stage: letter.stage ?? 'copy',
    number: letter.number,
    reason: letter.reason ?? 'jdbc.row_refused',
    message: `the target refuses row ${letter.number}`,
    mend: 'Change the row, or the target.',
    is_parked: letter.isParked ?? false,
    table_id: letter.table ?? 'public.orders',
    row_key: { id: letter.id ?? '1' },
    commit_lsn: `0/${(1_000 + letter.number).toString(16).toUpperCase()}`,
    event_index: letter.number,
    committed_at: '2026-11-28T12:00:00Z',
    event: eventOf(letter),
    attempts: 1,
    state: letter.state ?? 'open',
    is_told: false,
    first_at: letter.at ?? '2026-11-28T12:00:01Z',
    last_at: letter.at ?? '2026-11-28T12:00:01Z',
  }));
  await database.query(
    'INSERT INTO millrace.dead_letter SELECT * FROM json_populate_recordset(NULL::millrace.dead_letter, $1::json)',
    [JSON.stringify(rows)],
  );
}
