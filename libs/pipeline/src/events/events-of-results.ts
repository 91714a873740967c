import type { Batch, RowBatch } from '@millrace/engine';
import { type ChangeBatch, type DerivedColumn, derivedSchema, encodeRows, type TableSchema } from '@millrace/formats';
import { type Clock, MillraceError } from '@millrace/kernel';
import { encodeText, parseSqlType, type SqlType } from '@millrace/sql';
import type { AggregateResult } from './aggregate-events.ts';
import { TypesDiffer } from './aggregate-events.ts';
import { columnKind } from './select-events.ts';

/** A result with its window, where there is one. */
export interface EventResult {
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  readonly result: AggregateResult;
}

export interface EventsOfResultsOptions {
  /** Name of the stage: the table that its rows are said to come from. */
  readonly stage: string;
  readonly groups: readonly string[];
  readonly columns: readonly string[];
  readonly hasWindow: boolean;
  readonly clock: Pick<Clock, 'nowMs'>;
}

/** Schema that computed rows are said to come from. */
export const DERIVED_SCHEMA = 'millrace';
const TIMESTAMPTZ: SqlType = { name: 'timestamptz' };
const MICROS_PER_MILLI = 1_000n;

/** The table that results of these types look like: their key is the window's start and the grouping columns. */
export function resultSchema(
  { stage, groups, columns, hasWindow }: Omit<EventsOfResultsOptions, 'clock'>,
  types: readonly string[],
): TableSchema {
  const column = (name: string, typeText: string, key: boolean): DerivedColumn => {
    const type = parseSqlType(typeText);
    return { name, kind: columnKind(type), sqlType: typeText, key };
  };
  const times = ['window_start', 'window_end'].map((name, index) =>
    column(name, 'timestamp with time zone', index === 0),
  );
  return derivedSchema(DERIVED_SCHEMA, stage, [
    ...(hasWindow ? times : []),
    ...groups.map((name, index) => column(name, types[index]!, true)),
    ...columns.map((name, index) => column(name, types[groups.length + index]!, false)),
  ]);
}

/** Results as change events, which sinks and further stages take. A row with the same key replaces the earlier one. */
export function eventsOfResults(options: EventsOfResultsOptions): (batch: Batch) => ChangeBatch | undefined {
  const { groups, columns, hasWindow, clock } = options;
  const schemas = new Map<string, TableSchema>();
  const schemaOf = (types: readonly string[]): TableSchema => {
    const name = types.join('\n');
    const schema = schemas.get(name) ?? resultSchema(options, types);
    schemas.set(name, schema);
    return schema;
  };
  return (batch) => {
    // A window without rows has no types, and nothing to say.
    const results = (batch as RowBatch<EventResult>).rows.filter(({ result }) => result.types.length > 0);
    const [first] = results;
    if (first === undefined) return undefined;
    const schema = schemaOf(first.result.types);
    const rows = results.map(({ start, end, result }) => {
      if (schemaOf(result.types) !== schema) throw typesDiffer(options.stage);
      return Object.fromEntries([
        ...(hasWindow ? [...timeColumns(start!, end!)] : []),
        ...groups.map((name, index) => [name, result.key[index]!] as const),
        ...columns.map((name, index) => [name, result.values[index]!] as const),
      ]);
    });
    return encodeRows(schema, rows, { receivedMs: clock.nowMs() });
  };
}

const timeColumns = (start: number, end: number) =>
  [
    ['window_start', timeText(start)],
    ['window_end', timeText(end)],
  ] as const;

const timeText = (timeMs: number): string | null => encodeText(TIMESTAMPTZ, BigInt(timeMs) * MICROS_PER_MILLI);

const typesDiffer = (stage: string): MillraceError =>
  new MillraceError(TypesDiffer, {
    message: `the results of stage "${stage}" do not all have the same types`,
    mend: 'Cast the columns to one type in the expressions: sum(after.amount::numeric).',
    details: { stage },
  });
