import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { type Sink, Sinks } from '@millrace/pipeline';

// #region sink
/**
 * A sink that is exactly once, for tests: rows go to a file of their own instance with the snapshot that made them final. What was
 * received after the last snapshot is dropped with the process' memory.
 */
export function fileSink<Row>(file: string): Sink<Row> {
  interface State {
    rows: Row[];
    prepared: Map<number, Row[]>;
  }
  const write = (rows: readonly Row[]): void => {
    if (rows.length > 0) appendFileSync(file, `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`);
  };
  return Sinks.of<State, Row>('file', {
    create: () => ({ rows: [], prepared: new Map() }),
    receive: (state, row) => {
      state.rows.push(row);
    },
    prepare: (state, snapshotId) => {
      state.prepared.set(snapshotId, state.rows);
      state.rows = [];
    },
    commit: (state, snapshotId) => {
      write(state.prepared.get(snapshotId) ?? []);
      state.prepared.delete(snapshotId);
    },
  });
}
// #endregion

/** The rows that a `fileSink` has made final. */
export const rowsIn = <Row>(file: string): Row[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Row)
    : [];
