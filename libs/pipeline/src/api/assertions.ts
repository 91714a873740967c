import { isDeepStrictEqual } from 'node:util';
import { errorCode, MillraceError } from '@millrace/kernel';
import { type Sink, Sinks } from './sinks.ts';

export const AssertionFailed = errorCode('pipeline.assertion_failed', {
  domain: 'user',
  retry: 'never',
  title: 'The rows of an assertion sink are not the expected ones',
});

/** Rows shown in a message. */
const SHOWN_MAX = 10;

/** Sinks for tests: they fail the job when its rows are not the expected ones, once the input has ended. */
export const Assertions = {
  /** Exactly these rows, in this order. */
  ordered: <Row>(expected: readonly Row[]): Sink<Row> =>
    Assertions.collected((rows) => {
      const at = Array.from({ length: Math.max(rows.length, expected.length) }, (_, index) => index).find(
        (index) => index >= rows.length || index >= expected.length || !isDeepStrictEqual(rows[index], expected[index]),
      );
      if (at === undefined) return;
      throw failure(
        `row ${at} is ${at < rows.length ? text(rows[at]) : 'missing'}, expected ${at < expected.length ? text(expected[at]) : 'none'}`,
      );
    }),

  /** Exactly these rows, in any order. */
  anyOrder: <Row>(expected: readonly Row[]): Sink<Row> =>
    Assertions.collected((rows) => {
      const missing = [...expected];
      const unexpected: Row[] = [];
      for (const row of rows) {
        const index = missing.findIndex((each) => isDeepStrictEqual(each, row));
        if (index < 0) unexpected.push(row);
        else missing.splice(index, 1);
      }
      if (missing.length === 0 && unexpected.length === 0) return;
      throw failure(`missing: ${list(missing)}; unexpected: ${list(unexpected)}`);
    }),

  /** Whatever `check` throws of all rows together fails the job. */
  collected: <Row>(check: (rows: readonly Row[]) => void): Sink<Row> =>
    Sinks.of<Row[], Row>(
      'assert',
      {
        create: () => [],
        receive: (rows, row) => {
          rows.push(row);
        },
        snapshot: (rows) => rows,
        restore: (rows, saved) => {
          rows.push(...(saved.flat() as Row[]));
        },
        complete: (rows) => check(rows),
      },
      { parallelism: 1 },
    ),
};

const text = (row: unknown): string => JSON.stringify(row) ?? String(row);
const list = (rows: readonly unknown[]): string =>
  rows.length === 0
    ? 'none'
    : rows
        .slice(0, SHOWN_MAX)
        .map(text)
        .concat(rows.length > SHOWN_MAX ? [`… ${rows.length - SHOWN_MAX} more`] : [])
        .join(', ');

const failure = (what: string): MillraceError =>
  new MillraceError(AssertionFailed, {
    message: `the rows are not the expected ones: ${what}`,
    mend: 'Compare the pipeline with what the test expects of it.',
  });
