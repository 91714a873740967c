import { type ChangeBatch, type DeclaredRow, NotAValue, type TableSchema } from '@millrace/formats';
import { isUnread, type LinesFormat, rowsParser, type UnreadRow } from '@millrace/formats/rows';
import { isRecordError, type MillraceError } from '@millrace/kernel';
import type { Refusals } from './refusals.ts';
import { textBytes, UnreadEvents } from './unread.ts';

export interface UnreadRowsOptions {
  readonly stage: string;
  /** What the lines are in, as a letter names it. */
  readonly place: 'object' | 'file';
  readonly format: LinesFormat;
  readonly schema: TableSchema;
  readonly refusals: Refusals;
  /** @param row as the letter says it */
  readonly refused: (name: string, row: number, error: NotAValue) => MillraceError;
}

/** Sets lines aside that cannot be read, and reads those again that come back. */
export class UnreadRows {
  readonly #options: UnreadRowsOptions;
  readonly #events: UnreadEvents;

  constructor(options: UnreadRowsOptions) {
    this.#options = options;
    this.#events = new UnreadEvents(options.stage, [options.place, 'row', 'header', 'value']);
  }

  refuse(name: string, { bytes, error, row, header }: UnreadRow, receivedMs: number): void {
    const parts = { [this.#options.place]: name, row, header: header ?? null, value: bytes };
    const { refusals, refused } = this.#options;
    refusals.refuse(this.#events.batchOf(parts, receivedMs), 0, refused(name, row, error));
  }

  /** The rows of lines that came back; what cannot be read is set aside again. */
  readAgain(batch: ChangeBatch): readonly DeclaredRow[] {
    const { refusals, refused, place } = this.#options;
    const rows: DeclaredRow[] = [];
    for (let index = 0; index < batch.length; index++) {
      try {
        const parts = this.#events.partsOf(batch, index);
        const refuse = (error: NotAValue): void => {
          refusals.refuse(batch, index, refused(String(parts[place]), Number(parts['row']), error));
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
