import type { Finding } from '@millrace/connector-contract';
import type { ColumnKind } from '@millrace/formats';
import { type ErrorCode, suggestNames } from '@millrace/kernel';
import { ColumnShared, ColumnUnknown, KeyMissing, KeyUnknown, WatermarkUnfit } from '../errors.ts';
import { distanceOf, isCounted } from './ordered-value.ts';
import { relationSql } from './read-sql.ts';
import { relationOf, type SourceStage } from './source-config.ts';
import type { Described, SourceColumn, SourceSql } from './source-dialect.ts';

/** A finding, with the code that a running job fails with where it is an error. */
export interface StageFinding extends Finding {
  readonly error?: ErrorCode | undefined;
}

const INDEX_NAME_MAX = 60;

/** Kinds whose values have one order, which constants can be compared in exactly. */
const ORDERED: readonly ColumnKind[] = [
  'integer',
  'bigint',
  'exact',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'text',
  'uuid',
  'bytea',
];

const problem = (error: ErrorCode, pointer: string, message: string, mend: string): StageFinding => ({
  code: error.code,
  error,
  severity: 'error',
  message,
  mend,
  pointer,
});
const warning = (code: string, pointer: string, message: string, mend: string): StageFinding => ({
  code,
  severity: 'warning',
  message,
  mend,
  pointer,
});

/** Names of the columns by which rows are told apart. */
export const keyOf = ({ primaryKey }: Described, { key }: SourceStage): readonly string[] =>
  key.length > 0 ? key : primaryKey;

/** What is wrong with a stage, or worth knowing, from what the database says of its table or query. */
export function stageFindings(described: Described, stage: SourceStage, sql: SourceSql): readonly StageFinding[] {
  return [
    ...columnFindings(described, stage),
    ...keyFindings(described, stage, sql),
    ...watermarkFindings(described, stage, sql),
  ];
}

function columnFindings({ columns }: Described, stage: SourceStage): readonly StageFinding[] {
  const found: StageFinding[] = [];
  const names = new Set<string>();
  for (const { name } of columns) {
    if (names.has(name)) {
      found.push(
        problem(
          ColumnShared,
          '/query',
          `the query has two columns "${name}"`,
          'Give each a name of its own: … AS other.',
        ),
      );
    }
    names.add(name);
  }
  for (const name of Object.keys(stage.types)) {
    if (!names.has(name)) found.push(unknown(ColumnUnknown, `/types/${name}`, name, columns));
  }
  for (const { name, type } of columns) {
    if (type !== '' || stage.types[name] !== undefined) continue;
    const message = `column "${name}" has no type, so its values are read as texts`;
    found.push(warning('jdbc.column_untyped', '/types', message, `Give it one: "types": { "${name}": "bigint" }.`));
  }
  return found;
}

function keyFindings(described: Described, stage: SourceStage, sql: SourceSql): readonly StageFinding[] {
  const { columns, indexes, name } = described;
  const wanted = keyOf(described, stage);
  if (wanted.length === 0) {
    const mend = 'Name columns that are never null and unique together in "key".';
    return [problem(KeyMissing, '/key', `${stage.table} has no primary key`, mend)];
  }
  const found: StageFinding[] = [];
  for (const [index, column] of wanted.entries()) {
    const known = columns.find((one) => one.name === column);
    if (known === undefined) found.push(unknown(KeyUnknown, `/key/${index}`, column, columns));
    else if (!ORDERED.includes(known.kind)) {
      const message = `column "${column}" is ${known.sqlType}, which has no exact order`;
      found.push(problem(KeyUnknown, `/key/${index}`, message, 'Take another column into the key.'));
    }
  }
  if (found.length > 0 || name === undefined) return found;
  const isUnique = indexes.some((one) => one.isUnique && one.columns.every((column) => wanted.includes(column)));
  if (!isUnique) {
    const message = `no unique index makes sure that (${wanted.join(', ')}) tells rows apart: of rows that are equal there some could be left out`;
    found.push(
      warning('jdbc.key_not_unique', '/key', message, `CREATE UNIQUE ${indexSql(sql, stage, name.table, wanted)}`),
    );
  }
  const nullable = columns.filter((column) => wanted.includes(column.name) && column.nullable);
  for (const column of nullable) {
    const message = `column "${column.name}" of the key may be null; a row where it is fails the job`;
    found.push(warning('jdbc.key_nullable', '/key', message, `Make ${sql.quoteName(column.name)} NOT NULL.`));
  }
  return found;
}

function watermarkFindings(described: Described, stage: SourceStage, sql: SourceSql): readonly StageFinding[] {
  const { columns, indexes, name } = described;
  if (stage.watermark === undefined) return [];
  const column = columns.find((one) => one.name === stage.watermark);
  if (column === undefined) return [unknown(WatermarkUnfit, '/watermark', stage.watermark, columns)];
  if (!ORDERED.includes(column.kind)) {
    const message = `column "${column.name}" is ${column.sqlType}, which has no exact order`;
    return [problem(WatermarkUnfit, '/watermark', message, 'Take a number or a time that grows with each change.')];
  }
  const found: StageFinding[] = [...overlapFindings(column, stage)];
  if (column.nullable && name !== undefined) {
    const message = `column "${column.name}" may be null; rows where it is are not read`;
    found.push(
      warning('jdbc.watermark_nullable', '/watermark', message, `Make ${sql.quoteName(column.name)} NOT NULL.`),
    );
  }
  if (name !== undefined && !indexes.some((one) => one.columns[0] === column.name)) {
    const parts = [column.name, ...keyOf(described, stage).filter((one) => one !== column.name)];
    const message = `no index begins with "${column.name}": each look reads the whole table`;
    found.push(
      warning('jdbc.watermark_not_indexed', '/watermark', message, `CREATE ${indexSql(sql, stage, name.table, parts)}`),
    );
  }
  return found;
}

function overlapFindings(column: SourceColumn, { overlap, watermark }: SourceStage): readonly StageFinding[] {
  if (overlap === undefined) {
    const message = `a row that is committed after another with a higher "${watermark}" was read is never read: its transaction began earlier, or its clock is behind`;
    const mend = isCounted(column)
      ? 'Give "overlap" the longest that a transaction may take (30s; for numbers: how many numbers), or 0 if that cannot happen.'
      : 'Take a time or an integer as watermark, with "overlap"; or say "overlap": 0 if that cannot happen.';
    return [warning('jdbc.watermark_hole', '/overlap', message, mend)];
  }
  if (overlap !== 0 && !isCounted(column)) {
    const message = `column "${column.name}" is ${column.sqlType}: no overlap can be subtracted from it`;
    return [
      problem(
        WatermarkUnfit,
        '/overlap',
        message,
        'Take a time or an integer as watermark; for sqlite give it a type in "types".',
      ),
    ];
  }
  if (distanceOf(column, overlap) !== undefined) return [];
  const message = `"overlap" of column "${column.name}" (${column.sqlType}) is ${typeof overlap === 'string' ? 'a whole number' : 'a duration such as 30s'}`;
  return [problem(WatermarkUnfit, '/overlap', message, 'Correct "overlap".')];
}

const unknown = (error: ErrorCode, pointer: string, name: string, columns: readonly SourceColumn[]): StageFinding =>
  problem(
    error,
    pointer,
    `there is no column "${name}"`,
    suggestNames(
      'column',
      name,
      columns.map((column) => column.name),
    ),
  );

function indexSql(sql: SourceSql, stage: SourceStage, table: string, columns: readonly string[]): string {
  const name = [table, ...columns].join('_').slice(0, INDEX_NAME_MAX);
  const list = columns.map((column) => sql.quoteName(column)).join(', ');
  return `INDEX ${sql.quoteName(name)} ON ${relationSql(sql, relationOf(stage))} (${list});`;
}
