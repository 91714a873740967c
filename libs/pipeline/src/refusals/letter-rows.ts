import { type ChangeBatch, derivedSchema, encodeRows, type TableSchema } from '@millrace/formats';
import type { Letter } from './letter-store.ts';

const text = (name: string, key = false) => ({ name, kind: 'text', sqlType: 'text', key }) as const;

/** Letters as rows of a table, for a sink that gets copies of them. */
export const LETTER_TABLE: TableSchema = derivedSchema('millrace', 'dead_letters', [
  // Stage and number, as `copy.17`.
  text('letter', true),
  text('stage'),
  { name: 'number', kind: 'bigint', sqlType: 'bigint' },
  text('reason'),
  text('message'),
  text('mend'),
  { name: 'parked', kind: 'boolean', sqlType: 'boolean' },
  { name: 'attempts', kind: 'integer', sqlType: 'integer' },
  text('table'),
  // LSN of the commit record and index in the transaction, as `16/B374D848/3`.
  text('position'),
  // As the catalog keeps it.
  { name: 'record', kind: 'json', sqlType: 'jsonb' },
]);

/** Name under which the letters of a stage are written: no stage has it, for `~` is none of a name's characters. */
export const lettersOf = (stage: string): string => `${stage}~letters`;

export const letterRows = (stage: string, letters: readonly Letter[], receivedMs: number): ChangeBatch =>
  encodeRows(
    LETTER_TABLE,
    letters.map(({ number, reason, message, mend = null, isParked, attempts, record }) => ({
      letter: `${stage}.${number}`,
      stage,
      number,
      reason,
      message,
      mend,
      parked: isParked,
      attempts,
      table: record.schema.id,
      position: record.position && `${record.position.commitLsn}/${record.position.index}`,
      record,
    })),
    { receivedMs },
  );
