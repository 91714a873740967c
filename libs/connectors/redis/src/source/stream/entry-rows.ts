import {
  type ChangeBatch,
  declaredRow,
  declaredRowOfJson,
  declaredSchema,
  encodeRows,
  NotAValue,
  type ParsedRow,
  type TableSchema,
} from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { EntryRefused } from '../../errors.ts';
import type { SourceStage } from '../source-stage.ts';

/** As XREAD gives it: names and values in turn. */
export type Entry = readonly [id: string, fields: readonly string[]];

/** Makes rows of entries. */
export class EntryRows {
  readonly schema: TableSchema;
  readonly #field: string | undefined;

  constructor(stage: SourceStage) {
    this.schema = declaredSchema(stage);
    this.#field = stage.field;
  }

  /** @throws MillraceError `redis.entry_refused` */
  batch(stream: string, entries: readonly Entry[], receivedMs: number): ChangeBatch {
    const deleted = new Set<ParsedRow>();
    const rows = entries.map(([id, fields]) => {
      try {
        const row = this.#row(fields);
        if (this.#field !== undefined && fieldOf(fields, 'op') === 'd') deleted.add(row);
        return row;
      } catch (error) {
        if (!(error instanceof NotAValue)) throw error;
        throw new MillraceError(EntryRefused, {
          message: `entry ${id} of stream ${stream}: ${error.message}`,
          mend: 'Correct columns, key and field of the stage, or remove the entry (XDEL) and start the job anew.',
          details: { stream, id },
        });
      }
    });
    const isDelete = (row: Readonly<Record<string, unknown>>): boolean => deleted.has(row as ParsedRow);
    return { ...encodeRows(this.schema, rows, { receivedMs, isDelete }), stream };
  }

  #row(fields: readonly string[]): ParsedRow {
    const { columns } = this.schema;
    if (this.#field === undefined) return declaredRow(columns, ({ name }) => fieldOf(fields, name) ?? null, true);
    const text = fieldOf(fields, this.#field);
    if (text === undefined) throw new NotAValue(`it has no field "${this.#field}"`);
    return declaredRowOfJson(columns, text);
  }
}

function fieldOf(fields: readonly string[], name: string): string | undefined {
  for (let at = 0; at < fields.length; at += 2) if (fields[at] === name) return fields[at + 1];
  return undefined;
}
