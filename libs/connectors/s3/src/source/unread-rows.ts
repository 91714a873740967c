import { type Refusals, textBytes, UnreadEvents } from '@millrace/connector-contract';
import { type ChangeBatch, type DeclaredRow, NotAValue, type TableSchema } from '@millrace/formats';
import { isRecordError } from '@millrace/kernel';
import type { Bucket, ObjectAt } from '../bucket/bucket.ts';
import { rowRefused } from './read-error.ts';
import { isUnread, rowsParser, type UnreadRow } from './rows-parser.ts';

export interface UnreadRowsOptions {
  readonly stage: string;
  readonly format: 'ndjson' | 'csv';
  readonly schema: TableSchema;
  readonly refusals: Refusals;
}

/** Sets lines aside that cannot be read, and reads those again that come back. */
export class UnreadRows {
  readonly #options: UnreadRowsOptions;
  readonly #events: UnreadEvents;

  constructor(options: UnreadRowsOptions) {
    this.#options = options;
    this.#events = new UnreadEvents(options.stage, ['object', 'row', 'header', 'value']);
  }

  refuse(bucket: Bucket, object: ObjectAt, { bytes, error, row, header }: UnreadRow, receivedMs: number): void {
    const parts = { object: object.key, row, header: header ?? null, value: bytes };
    const reason = rowRefused(bucket, object, row, error.message, error);
    this.#options.refusals.refuse(this.#events.batchOf(parts, receivedMs), 0, reason);
  }

  /** The rows of lines that came back; what cannot be read is set aside again. */
  readAgain(bucket: Bucket, batch: ChangeBatch): readonly DeclaredRow[] {
    const { refusals } = this.#options;
    const rows: DeclaredRow[] = [];
    for (let index = 0; index < batch.length; index++) {
      try {
        const parts = this.#events.partsOf(batch, index);
        const object = { key: String(parts['object']), etag: '' };
        const refuse = (error: NotAValue): void => {
          const reason = rowRefused(bucket, object, Number(parts['row']), error.message, error);
          refusals.refuse(batch, index, reason);
        };
        const [first, ...more] = this.#read(parts);
        if (more.length > 0) refuse(new NotAValue('the edited text has several rows'));
        else if (first !== undefined && isUnread(first)) refuse(first.error);
        else if (first !== undefined) rows.push(first);
      } catch (error) {
        if (!isRecordError(error)) throw error;
        refusals.refuse(batch, index, error);
      }
    }
    return rows;
  }

  #read({
    header = null,
    value = null,
  }: Readonly<Record<string, string | null>>): readonly (DeclaredRow | UnreadRow)[] {
    const { format, schema } = this.#options;
    const parser = rowsParser(format, schema, true);
    const lines = [...(header === null ? [] : [header]), value ?? ''];
    const rows = parser.push(lines.map((line) => `${textBytes(line).toString('latin1')}\n`).join(''));
    return [...rows, ...parser.end()];
  }
}
