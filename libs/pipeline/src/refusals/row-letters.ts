import type { Refusals } from '@millrace/connector-contract';
import { type ChangeBatch, derivedSchema, encodeRows, recordOf, type TableSchema } from '@millrace/formats';
import { type Clock, errorCode, MillraceError } from '@millrace/kernel';
import { rowOfText, rowText } from './row-text.ts';

const FunctionFailed = errorCode('pipeline.function_failed', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A function of a stage threw an error',
  ofRecord: true,
});
const RowNotText = errorCode('pipeline.row_not_text', {
  domain: 'user',
  retry: 'after-repair',
  title: 'A row cannot be kept as text',
});
const RowUnreadable = errorCode('pipeline.row_unreadable', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The text of an edited row is no JSON',
  ofRecord: true,
});

/** An event that stands for a row. */
export interface RowEvent {
  readonly batch: ChangeBatch;
  readonly index: number;
}

export interface RowLettersOptions {
  readonly stage: string;
  readonly refusals: Refusals;
  /** What order has to hold within while rows are set aside; absent: there is no such order. */
  readonly keyOf: ((row: never) => unknown) | undefined;
  readonly clock: Clock;
}

/**
 * Rows of any form on their way to be letters and back: as events of a table `rows.<stage>` with the row as JSON in the column `row`, its event
 * time, and its key where there is one.
 */
export class RowLetters {
  readonly #options: RowLettersOptions;
  readonly #schema: TableSchema;

  constructor(options: RowLettersOptions) {
    this.#options = options;
    this.#schema = derivedSchema('rows', options.stage, [
      ...(options.keyOf === undefined ? [] : [{ name: 'key', kind: 'text', sqlType: 'text', key: true } as const]),
      { name: 'row', kind: 'json', sqlType: 'jsonb' },
      { name: 'time_ms', kind: 'float', sqlType: 'double precision' },
    ]);
  }

  /** A row that came back. @throws MillraceError `pipeline.row_unreadable` */
  rowOf({ batch, index }: RowEvent): { readonly row: unknown; readonly timeMs: number } {
    const { after } = recordOf(batch, index);
    try {
      return { row: rowOfText(after!['row']!), timeMs: Number(after!['time_ms'] ?? Number.NaN) };
    } catch (error) {
      throw new MillraceError(
        RowUnreadable,
        {
          message: `the row is no JSON as letters have it: ${(error as Error).message}`,
          mend: 'Edit the column "row" of the letter again, or undo the edit.',
        },
        { cause: error },
      );
    }
  }

  /** Sets the row aside when an earlier one of its key is. */
  isHeld(row: unknown, timeMs: number, origin: RowEvent | undefined): boolean {
    const { refusals, keyOf } = this.#options;
    if (keyOf === undefined || !refusals.holdsAny) return false;
    const { batch, index } = origin ?? this.#eventOf(row, timeMs);
    if (!refusals.holds(batch, index)) return false;
    refusals.park(batch, index);
    return true;
  }

  /** @throws MillraceError `pipeline.row_not_text` */
  refuse(row: unknown, timeMs: number, origin: RowEvent | undefined, error: unknown): void {
    const { batch, index } = origin ?? this.#eventOf(row, timeMs);
    this.#options.refusals.refuse(batch, index, this.#reason(error));
  }

  #reason(error: unknown): MillraceError {
    if (error instanceof MillraceError) return error;
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return new MillraceError(
      FunctionFailed,
      {
        message: `the function of stage ${this.#options.stage} threw ${message}`,
        mend: 'Edit the row, or submit the job with a function that takes it; then replay.',
      },
      { cause: error },
    );
  }

  #eventOf(row: unknown, timeMs: number): RowEvent {
    const { keyOf, clock, stage } = this.#options;
    try {
      const key = keyOf === undefined ? undefined : String(keyOf(row as never));
      const values = { key, row: rowText(row), time_ms: Number.isNaN(timeMs) ? null : timeMs };
      return { batch: encodeRows(this.#schema, [values], { receivedMs: clock.nowMs() }), index: 0 };
    } catch (error) {
      throw new MillraceError(
        RowNotText,
        {
          message: `a row that stage ${stage} cannot take cannot be kept either: ${(error as Error).message}`,
          mend: 'Let rows be plain data, and the key of parkKeys be there in every row; or skip such rows.',
        },
        { cause: error },
      );
    }
  }
}
