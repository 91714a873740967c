import type { Connection } from 'mysql2/promise';
import type { SourceColumn } from '../../../source/source-dialect.ts';
import { type TupleBlock, TupleWriter } from '../../../source/tuple-writer.ts';
import { putValue } from './read-values.ts';

/** What the promises of mysql2 are wrapped around. */
interface CoreConnection {
  query(options: { sql: string; rowsAsArray: boolean; typeCast: boolean }): {
    on(event: 'result', listener: (row: readonly (Buffer | null)[]) => void): unknown;
    on(event: 'end', listener: () => void): unknown;
    on(event: 'error', listener: (error: unknown) => void): unknown;
  };
  pause(): void;
  resume(): void;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  off(event: 'error', listener: (error: unknown) => void): unknown;
}

/** Runs a query and hands its rows on; the socket is paused while a block waits to be taken. */
export async function* streamRows(
  connection: Connection,
  sql: string,
  columns: readonly SourceColumn[],
  zeroDates: 'refuse' | 'null',
): AsyncGenerator<TupleBlock> {
  const core = (connection as unknown as { connection: CoreConnection }).connection;
  const puts = columns.map((column) => putValue(column, zeroDates));
  const writer = new TupleWriter();
  let failure: { readonly error: unknown } | undefined;
  let isAtEnd = false;
  let changed = (): void => {};
  const fail = (error: unknown): void => {
    failure ??= { error };
    changed();
  };
  // A socket that breaks is told to the connection only.
  core.on('error', fail);
  const query = core.query({ sql, rowsAsArray: true, typeCast: false });
  query.on('error', fail);
  query.on('result', (row) => {
    if (failure !== undefined) return;
    try {
      writer.beginRow(columns.length);
      for (let field = 0; field < puts.length; field++) {
        const value = row[field];
        if (value === null || value === undefined) writer.null();
        else puts[field]!(writer, value);
      }
      writer.endRow();
      if (!writer.isFull) return;
    } catch (error) {
      failure = { error };
    }
    core.pause();
    changed();
  });
  query.on('end', () => {
    isAtEnd = true;
    changed();
  });
  try {
    for (;;) {
      if (failure !== undefined) throw failure.error;
      if (writer.isFull || (isAtEnd && !writer.isEmpty)) {
        yield writer.take();
        if (!isAtEnd) core.resume();
      } else if (isAtEnd) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
    }
  } finally {
    core.off('error', fail);
  }
}
