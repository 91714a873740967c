import { type ChangeBatch, type EventRecord, NO_TUPLE, Op, type RecordImage, TupleCursor } from '@millrace/formats';
import type { Letter } from './letter-store.ts';

const cursor = new TupleCursor();

/** Names the row that an event is about: equal for events of one row. `undefined`: its table has no key, or it is about no row. */
export function eventKey(batch: ChangeBatch, index: number): string | undefined {
  const schema = batch.schemas[batch.schemaOf[index]!]!;
  const offset = batch.op[index] === Op.Delete ? batch.before[index]! : batch.after[index]!;
  if (offset === NO_TUPLE) return undefined;
  let key: string | undefined;
  cursor.read(batch.bytes, offset);
  for (const column of schema.columns) {
    if (!column.key) continue;
    const length = cursor.lengths[column.field]!;
    const start = cursor.starts[column.field]!;
    const text = length < 0 ? '' : Buffer.from(batch.bytes.buffer, batch.bytes.byteOffset + start, length).toString();
    key = `${key ?? schema.id}\0${text}`;
  }
  return key;
}

/** The same of a letter: what it was when it was set aside, whatever somebody made of it since. */
export function letterKey({ record, rowKey }: Pick<Letter, 'record' | 'rowKey'>): string | undefined {
  const values = Object.values(rowKey);
  return values.length === 0 ? undefined : [record.schema.id, ...values.map((text) => text ?? '')].join('\0');
}

/** The key columns of the row that a record is about. */
export function rowKeyOf({ op, schema, before, after }: EventRecord): RecordImage {
  const image = op === 'd' ? before : after;
  const key: Record<string, string | null> = {};
  if (image === null) return key;
  for (const { name, key: isKey } of schema.columns) if (isKey) key[name] = image[name] ?? null;
  return key;
}
