import { EventIds, type JobIdentity } from '@millrace/connector-contract';
import { ByteOutput, type ChangeBatch, eventMetadata, RowJsonWriter } from '@millrace/formats';

const USUAL_ROW_BYTES = 4_096;
const US_DIGITS = /\.(\d{3})\d{3}Z$/;
const CLOSE_BRACE = Buffer.from('}');
const COMMA = Buffer.from(',');
const OPEN_BRACKET = Buffer.from('[');
const CLOSE_BRACKET = Buffer.from(']');

const OPERATIONS: Readonly<Record<string, string>> = {
  r: 'read',
  c: 'created',
  u: 'updated',
  d: 'deleted',
  t: 'truncated',
};

/** An event as it is sent. */
export interface EventBody {
  readonly id: string;
  readonly bytes: Uint8Array;
  /** Of its transaction, milliseconds since 1970. */
  readonly commitTimeMs: number | undefined;
}

/**
 * Events as JSON: `id`, `type` (`public.orders.updated`), `timestamp` (of the commit, or when it was read), `lsn` and `index` (its place in the log, null where it has none) and `data`, the row after the
 * change, or what is known of a deleted one.
 */
export class EventBodies {
  readonly #ids: EventIds;
  readonly #output = new ByteOutput(USUAL_ROW_BYTES);
  readonly #rows = new RowJsonWriter(this.#output);

  constructor(job: JobIdentity, writer: { readonly generation: number; readonly globalIndex: number }) {
    this.#ids = new EventIds(job, writer);
  }

  body(batch: ChangeBatch, index: number): EventBody {
    this.#output.clear();
    this.#rows.row(batch, index);
    const data = this.#output.bytes;
    const { __op, __table, __lsn, __index, __commit_time } = eventMetadata(batch, index);
    const id = this.#ids.idOf(batch, index, data);
    const timestamp = __commit_time?.replace(US_DIGITS, '.$1Z') ?? new Date(batch.receivedMs).toISOString();
    const head = { id, type: `${__table}.${OPERATIONS[__op]}`, timestamp, lsn: __lsn, index: __index };
    const bytes = Buffer.concat([Buffer.from(`${JSON.stringify(head).slice(0, -1)},"data":`), data, CLOSE_BRACE]);
    return { id, bytes, commitTimeMs: __commit_time === null ? undefined : Date.parse(timestamp) };
  }
}

/** Several events as one array. */
export function arrayOf(bodies: readonly EventBody[]): Uint8Array {
  const parts = bodies.flatMap(({ bytes }, at) => (at === 0 ? [bytes] : [COMMA, bytes]));
  return Buffer.concat([OPEN_BRACKET, ...parts, CLOSE_BRACKET]);
}
