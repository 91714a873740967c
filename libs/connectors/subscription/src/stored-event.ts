import { createHash } from 'node:crypto';
import type { EventRecord, TableSchema } from '@millrace/formats';

/** A change as it waits: what `EventRecord` has but the table's shape, which is kept once. */
export interface StoredEvent extends Omit<EventRecord, 'schema'> {
  /** The dead letter that it comes back from. */
  readonly letter?: LetterReference | undefined;
}

export interface LetterReference {
  readonly number: number;
  readonly attempts: number;
}

const HASH_LENGTH = 16;
const ids = new WeakMap<TableSchema, string>();

/** Names a table's shape: equal for equal shapes. */
export function schemaId(schema: TableSchema): string {
  let id = ids.get(schema);
  if (id === undefined) {
    id = createHash('sha256').update(JSON.stringify(schema)).digest('hex').slice(0, HASH_LENGTH);
    ids.set(schema, id);
  }
  return id;
}

/** An entry of a partition: the id of the table's shape, then the change as JSON. It is handed on without being read. */
export const entryBody = ({ schema, ...event }: EventRecord, letter?: LetterReference): string =>
  `${schemaId(schema)}${JSON.stringify({ ...event, letter } satisfies StoredEvent)}`;

export const schemaIdOf = (body: string): string => body.slice(0, HASH_LENGTH);
export const eventJsonOf = (body: string): string => body.slice(HASH_LENGTH);
