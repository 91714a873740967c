import type { PgSnapshot } from '@millrace/connector-postgres/log';
import { type ChangeBatch, type Lsn, NO_TUPLE, Op, type TableSchema, TupleCursor } from '@millrace/formats';
import { assert } from '@millrace/kernel';
import type { StoredEvent } from '../events/event.ts';
import { type EventRow, storedEvent } from '../events/event-row.ts';
import type { EventTypes } from '../events/event-types.ts';

/** An event as it came in the log. Its JSON is parsed when somebody wants it. */
export class LoggedEvent {
  readonly streamId: string;
  readonly type: string;
  /** Of its transaction: LSN of the commit record, and the id (32 bits). */
  readonly lsn: Lsn;
  readonly xid: number;
  readonly index: number;
  readonly #fields: readonly string[];
  readonly #types: EventTypes | undefined;
  #event: StoredEvent | undefined;

  constructor(
    fields: readonly string[],
    place: { lsn: Lsn; xid: number; index: number },
    types: EventTypes | undefined,
  ) {
    this.#fields = fields;
    this.#types = types;
    this.streamId = fields[Field.streamId]!;
    this.type = fields[Field.type]!;
    this.lsn = place.lsn;
    this.xid = place.xid;
    this.index = place.index;
  }

  get position(): number {
    return Number(this.#fields[Field.position]);
  }

  /** @throws MillraceError as `EventTypes.upcast` */
  get event(): StoredEvent {
    this.#event ??= storedEvent(this.#row(), this.#types);
    return this.#event;
  }

  /** Whether a consumer with this snapshot has it in its history. */
  isHistoryOf(snapshot: PgSnapshot | undefined): boolean {
    return snapshot?.sees(this.xid) === true;
  }

  #row(): EventRow {
    const text = (field: number): string => this.#fields[field]!;
    return {
      position: text(Field.position),
      stream_id: this.streamId,
      version: text(Field.version),
      event_id: text(Field.eventId),
      type: this.type,
      schema_version: Number(text(Field.schemaVersion)),
      data: JSON.parse(text(Field.data)),
      metadata: JSON.parse(text(Field.metadata)),
      recorded_ms: timeMs(text(Field.recordedAt)),
    };
  }
}

const Field = {
  position: 0,
  streamId: 1,
  version: 2,
  eventId: 3,
  type: 4,
  schemaVersion: 5,
  data: 6,
  metadata: 7,
  recordedAt: 8,
} as const;

/** In the order of `Field`. */
const COLUMN_NAMES = [
  'position',
  'stream_id',
  'version',
  'event_id',
  'type',
  'schema_version',
  'data',
  'metadata',
  'recorded_at',
] as const;

/** Of `2026-11-28 23:11:38.123456+00`: sessions that read the log are in UTC. */
const timeMs = (text: string): number => Date.parse(`${text.slice(0, 10)}T${text.slice(11).replace(/\+00$/, 'Z')}`);

/** Makes events of change batches of the events table. */
export class LogDecoder {
  readonly #types: EventTypes | undefined;
  readonly #cursor = new TupleCursor();
  readonly #text = new TextDecoder('utf-8', { ignoreBOM: true });
  #schema: TableSchema | undefined;
  #fieldOf: readonly number[] = [];

  constructor(types: EventTypes | undefined) {
    this.#types = types;
  }

  decode(batch: ChangeBatch): readonly LoggedEvent[] {
    const events: LoggedEvent[] = [];
    for (let row = 0; row < batch.length; row++) {
      const tuple = batch.after[row]!;
      if (batch.op[row] !== Op.Create || tuple === NO_TUPLE) continue;
      this.#use(batch.schemas[batch.schemaOf[row]!]!);
      this.#cursor.read(batch.bytes, tuple);
      const { starts, lengths } = this.#cursor;
      const fields = this.#fieldOf.map((field) =>
        this.#text.decode(batch.bytes.subarray(starts[field]!, starts[field]! + lengths[field]!)),
      );
      const { commitLsn: lsn, xid } = batch.transactions[batch.transactionOf[row]!]!;
      events.push(new LoggedEvent(fields, { lsn, xid, index: batch.indexInTransaction[row]! }, this.#types));
    }
    return events;
  }

  #use(schema: TableSchema): void {
    if (schema === this.#schema) return;
    this.#schema = schema;
    this.#fieldOf = COLUMN_NAMES.map((name) => {
      const column = schema.columns.find((candidate) => candidate.name === name);
      assert(column !== undefined, `the events table has a column ${name}`);
      return column.field;
    });
  }
}
