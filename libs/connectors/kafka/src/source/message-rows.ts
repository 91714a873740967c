import {
  type ChangeBatch,
  declaredRowOfJson,
  encodeRows,
  NotAValue,
  type ParsedRow,
  type TableSchema,
} from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { RowRefused } from '../errors.ts';
import type { PlacedRecord } from '../read/committed-records.ts';

/** Makes change events of messages. */
export class MessageRows {
  readonly #schema: TableSchema;
  readonly #hasKey: boolean;

  constructor(schema: TableSchema) {
    this.#schema = schema;
    this.#hasKey = schema.columns.some((column) => column.key);
  }

  /**
   * Events of messages of one partition, one for each.
   * @throws MillraceError `kafka.row_refused` with the place of the message
   */
  batch(topic: string, partition: number, records: readonly PlacedRecord[], receivedMs: number): ChangeBatch {
    const deleted = new Set<ParsedRow>();
    const rows = records.map(({ record, offset }) => {
      try {
        if (record.value !== null) return declaredRowOfJson(this.#schema.columns, record.value.toString());
        const row = this.#deleted(record.key);
        deleted.add(row);
        return row;
      } catch (error) {
        if (!(error instanceof NotAValue)) throw error;
        throw new MillraceError(RowRefused, {
          message: `message ${offset} of partition ${partition} of ${topic}: ${error.message}`,
          mend: 'Correct columns and key of the stage. A message that nobody can read has to be left behind: start the job anew with from: latest.',
          details: { topic, partition, offset: String(offset) },
        });
      }
    });
    return encodeRows(this.#schema, rows, { receivedMs, isDelete: (row) => deleted.has(row as ParsedRow) });
  }

  #deleted(key: Buffer | null): ParsedRow {
    if (!this.#hasKey) throw new NotAValue('it has no value, and the stage has no key by which to delete');
    if (key === null) throw new NotAValue('it has neither value nor key');
    const columns = this.#schema.columns.filter((column) => column.key);
    try {
      return declaredRowOfJson(columns, key.toString());
    } catch (error) {
      throw error instanceof NotAValue ? new NotAValue(`its key: ${error.message}`) : error;
    }
  }
}
