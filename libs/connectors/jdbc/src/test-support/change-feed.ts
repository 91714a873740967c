import {
  type ChangeBatch,
  ChangeBatchBuilder,
  type ColumnKind,
  FLAG_KEY_CHANGE,
  FLAG_LOADING,
  lsn,
  NO_TRANSACTION,
  NO_TUPLE,
  Op,
  type TableSchema,
} from '@millrace/formats';

/** A field of a test row: text, null, or `UNSENT` for unchanged TOAST. */
export const UNSENT = Symbol('unchanged');
export type Field = string | null | typeof UNSENT;
export type TestRow = Readonly<Record<string, Field>>;

/** As the source has it for the types that tests use. */
function kindOf(sqlType: string): ColumnKind {
  const name = sqlType.replace(/\(.*?\)/, '');
  return KINDS[name] ?? 'text';
}

const KINDS: Readonly<Record<string, ColumnKind>> = {
  smallint: 'integer',
  integer: 'integer',
  oid: 'integer',
  bigint: 'bigint',
  numeric: 'exact',
  money: 'exact',
  real: 'float',
  'double precision': 'float',
  boolean: 'boolean',
  json: 'json',
  jsonb: 'json',
  'timestamp with time zone': 'timestamptz',
  'timestamp without time zone': 'timestamp',
  date: 'date',
  'time without time zone': 'time',
  uuid: 'uuid',
  bytea: 'bytea',
};

/** Columns as `name: type`; a `*` before the name marks the key. */
export function tableSchema(
  id: string,
  columns: Readonly<Record<string, string>>,
  replicaIdentity: TableSchema['replicaIdentity'] = 'default',
): TableSchema {
  const [schema, table] = id.split('.') as [string, string];
  return {
    id,
    schema,
    table,
    columns: Object.entries(columns).map(([name, sqlType], field) => ({
      name: name.replace(/^\*/, ''),
      field,
      kind: kindOf(sqlType),
      sqlType,
      key: name.startsWith('*'),
      nullable: !name.startsWith('*'),
    })),
    fieldCount: Object.keys(columns).length,
    replicaIdentity,
  };
}

export interface TestEvent {
  readonly op: keyof typeof Op;
  readonly schema: TableSchema;
  readonly before?: TestRow | undefined;
  readonly after?: TestRow | undefined;
  readonly loading?: boolean | undefined;
  readonly keyChange?: boolean | undefined;
}

export function encodeTuple(schema: TableSchema, row: TestRow): Uint8Array {
  const parts: Buffer[] = [Buffer.from([schema.fieldCount >> 8, schema.fieldCount & 255])];
  for (const column of schema.columns) {
    const value = row[column.name];
    if (value === UNSENT) parts.push(Buffer.from('u'));
    else if (value === null || value === undefined) parts.push(Buffer.from('n'));
    else {
      const text = Buffer.from(value, 'utf8');
      const head = Buffer.from('t\0\0\0\0', 'latin1');
      head.writeInt32BE(text.length, 1);
      parts.push(head, text);
    }
  }
  return Buffer.concat(parts);
}

/** Builds batches as a source does: events of transactions, cut into batches anywhere. */
export class ChangeFeed {
  readonly #batches: ChangeBatch[] = [];
  readonly #rowsMax: number;
  #builder: ChangeBatchBuilder;
  #listed = new Map<bigint, number>();

  constructor(rowsMax = 1_024) {
    this.#rowsMax = rowsMax;
    this.#builder = new ChangeBatchBuilder(rowsMax);
  }

  /** A whole transaction, or a part of one: `from` is the index of its first event, `open` leaves its end out. */
  transaction(
    commitLsn: bigint,
    events: readonly TestEvent[],
    options: { readonly from?: number; readonly open?: boolean } = {},
  ): this {
    for (const [offset, event] of events.entries()) {
      // The halves of a key change stay in one batch.
      const room = this.#rowsMax - this.#builder.length;
      if (room < (event.op === 'Delete' && event.keyChange ? 2 : 1)) this.cut();
      this.#add(event, this.#transaction(commitLsn), (options.from ?? 0) + offset);
    }
    if (options.open !== true) this.#builder.completeTransaction(this.#transaction(commitLsn));
    return this;
  }

  /** Rows read by the initial load. */
  load(schema: TableSchema, rows: readonly TestRow[]): this {
    for (const after of rows) {
      if (this.#builder.isFull) this.cut();
      this.#add({ op: 'Read', schema, after, loading: true }, NO_TRANSACTION, 0);
    }
    return this;
  }

  /** Ends the batch here. */
  cut(): this {
    this.#batches.push(this.#builder.build(0));
    this.#listed = new Map();
    return this;
  }

  take(): readonly ChangeBatch[] {
    if (!this.#builder.isEmpty) this.cut();
    return this.#batches.splice(0);
  }

  #transaction(commitLsn: bigint): number {
    let index = this.#listed.get(commitLsn);
    if (index === undefined) {
      const info = { commitLsn: lsn(commitLsn), xid: Number(commitLsn), commitTimeUs: commitLsn, complete: false };
      index = this.#builder.transaction(info);
      this.#listed.set(commitLsn, index);
    }
    return index;
  }

  #add({ op, schema, before, after, loading, keyChange }: TestEvent, transaction: number, index: number): void {
    const tuple = (row: TestRow | undefined): number => {
      if (row === undefined) return NO_TUPLE;
      const bytes = encodeTuple(schema, row);
      return this.#builder.addTuple(bytes, 0, bytes.length);
    };
    const flags = (loading ? FLAG_LOADING : 0) | (keyChange ? FLAG_KEY_CHANGE : 0);
    this.#builder.add(Op[op], flags, schema, tuple(before), tuple(after), transaction, index);
  }
}
