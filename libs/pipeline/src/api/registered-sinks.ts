import type { Batch } from '@millrace/engine';
import { type DerivedColumn, derivedSchema, encodeRows } from '@millrace/formats';
import { assert, systemClock } from '@millrace/kernel';
import { parseSqlType } from '@millrace/sql';
import { checkedOnError, policyOf } from '../declarative/stage-parts.ts';
import type { OnError } from '../declarative/stage-schemas.ts';
import { columnKind } from '../events/select-events.ts';
import type { Sink } from './sinks.ts';

export interface TableSinkOptions {
  /** Columns of the table with their SQL types: `{ id: 'int8', total: 'numeric(12,2)' }`. Rows are objects with these properties. */
  readonly columns: Readonly<Record<string, string>>;
  /** Columns by which a row replaces an earlier one. */
  readonly key: readonly string[];
  /** Table that rows without a better name are said to come from. Default: the sink's name. */
  readonly from?: string | undefined;
  /** Options of the sink stage, as its connector takes them: `{ table: 'totals', mode: 'upsert' }`. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  /** What becomes of a row that the sink cannot take, as in declarative jobs. */
  readonly onError?: OnError | undefined;
}

/** Sinks that are registered with the cluster. */
export const RegisteredSinks = {
  /** Rows as changes of a table, upserted by their key: a row that comes again after a restart replaces itself. */
  rows<Row extends object>(
    name: string,
    { columns, key, from = name, options = {}, onError }: TableSinkOptions,
  ): Sink<Row> {
    const schema = derivedSchema(
      'millrace',
      from,
      Object.entries(columns).map(
        ([column, sqlType]): DerivedColumn => ({
          name: column,
          kind: columnKind(parseSqlType(sqlType)),
          sqlType,
          key: key.includes(column),
        }),
      ),
    );
    return {
      name,
      parallelism: 1,
      sink: { kind: 'registered', definition: name, options },
      policy: policyOf(undefined, checkedOnError(onError)),
      encode: (batch: Batch) => {
        assert(batch.kind === 'rows', 'rows are told as changes');
        return encodeRows(schema, batch.rows as readonly Readonly<Record<string, unknown>>[], {
          receivedMs: systemClock.nowMs(),
        });
      },
    };
  },
};
