import {
  batchOfRecords,
  type ChangeBatch,
  type EventRecord,
  formatLsn,
  lsn,
  type TableSchema,
} from '@millrace/formats';

/** Table `shop.items` of the tests. */
export const ITEMS: TableSchema = {
  id: 'shop.Items',
  schema: 'shop',
  table: 'Items',
  fieldCount: 5,
  replicaIdentity: 'default',
  columns: [
    { name: 'id', field: 0, kind: 'integer', sqlType: 'integer', key: true, nullable: false },
    { name: 'price', field: 1, kind: 'exact', sqlType: 'numeric', key: false, nullable: true },
    { name: 'note', field: 2, kind: 'text', sqlType: 'text', key: false, nullable: true },
    { name: 'made', field: 3, kind: 'timestamptz', sqlType: 'timestamp with time zone', key: false, nullable: true },
    { name: 'more', field: 4, kind: 'json', sqlType: 'jsonb', key: false, nullable: true },
  ],
};

type Image = Readonly<Record<string, string | null>>;
export type TestChange = readonly [op: string, row: Image, more?: Partial<EventRecord>];

/** A batch of changes: all in one transaction at `position`, or without one. Of a delete the row is the one before. */
export const changes = (position: number | null, ...events: readonly TestChange[]): ChangeBatch =>
  batchOfRecords(
    events.map(([op, row, more], index) => ({
      op,
      schema: ITEMS,
      before: op === 'd' ? row : null,
      after: op === 'd' || op === 't' ? null : { price: null, note: null, made: null, more: null, ...row },
      flags: 0,
      position: position === null ? null : { commitLsn: formatLsn(lsn(BigInt(position))), index },
      xid: position,
      commitTimeUs: position === null ? null : String(position),
      receivedMs: 0,
      ...more,
    })),
    0,
  );
