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

const finding = (
  severity: 'warning' | 'error',
  code: string | ErrorCode,
  message: string,
  mend: string,
  pointer: string,
): StageFinding => {
  const error = typeof code === 'string' ? undefined : code;
  return { code: error?.code ?? String(code as string), error, severity, message, mend, pointer };
};

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
        finding(
          'error',
          ColumnShared,
          `the query has two columns "${name}"`,
          'Give each a name of its own: … AS other.',
          '/query',
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
    found.push(
      finding(
        'warning',
        'jdbc.column_untyped',
        `column "${name}" has no type, so its values are read as texts`,
        `Give it one: "types": { "${name}": "bigint" }.`,
        '/types',
      ),
    );
  }
  return found;
}

function keyFindings(described: Described, stage: SourceStage, sql: SourceSql): readonly StageFinding[] {
  const { columns, indexes, name } = described;
  const wanted = keyOf(described, stage);
  if (wanted.length === 0) {
    return [
      finding(
        'error',
        KeyMissing,
        `${stage.table} has no primary key`,
        'Name columns that are never null and unique together in "key".',
        '/key',
      ),
    ];
  }
  const found: StageFinding[] = [];
  for (const [index, column] of wanted.entries()) {
    const known = columns.find((one) => one.name === column);
    if (known === undefined) found.push(unknown(KeyUnknown, `/key/${index}`, column, columns));
    else if (!ORDERED.includes(known.kind)) {
      found.push(
        finding(
          'error',
          KeyUnknown,
          `column "${column}" is ${known.sqlType}, which has no exact order`,
          'Take another column into the key.',
          `/key/${index}`,
        ),
      );
    }
  }
  if (found.length > 0 || name === undefined) return found;
  const isUnique = indexes.some((one) => one.isUnique && one.columns.every((column) => wanted.includes(column)));
  if (!isUnique) {
    found.push(
      finding(
        'warning',
        'jdbc.key_not_unique',
        `no unique index makes sure that (${wanted.join(', ')}) tells rows apart: of rows that are equal there some could be left out`,
        `CREATE UNIQUE ${indexSql(sql, stage, name.table, wanted)}`,
        '/key',
      ),
    );
  }
  const nullable = columns.filter((column) => wanted.includes(column.name) && column.nullable);
  for (const column of nullable) {
    found.push(
      finding(
        'warning',
        'jdbc.key_nullable',
        `column "${column.name}" of the key may be null; a row where it is fails the job`,
        `Make ${sql.quoteName(column.name)} NOT NULL.`,
        '/key',
      ),
    );
  }
  return found;
}

function watermarkFindings(described: Described, stage: SourceStage, sql: SourceSql): readonly StageFinding[] {
  const { columns, indexes, name } = described;
  if (stage.watermark === undefined) return [];
  const column = columns.find((one) => one.name === stage.watermark);
  if (column === undefined) return [unknown(WatermarkUnfit, '/watermark', stage.watermark, columns)];
  if (!ORDERED.includes(column.kind)) {
    return [
      finding(
        'error',
        WatermarkUnfit,
        `column "${column.name}" is ${column.sqlType}, which has no exact order`,
        'Take a number or a time that grows with each change.',
        '/watermark',
      ),
    ];
  }
  const found: StageFinding[] = [...overlapFindings(column, stage)];
  if (column.nullable && name !== undefined) {
    found.push(
      finding(
        'warning',
        'jdbc.watermark_nullable',
        `column "${column.name}" may be null; rows where it is are not read`,
        `Make ${sql.quoteName(column.name)} NOT NULL.`,
        '/watermark',
      ),
    );
  }
  if (name !== undefined && !indexes.some((one) => one.columns[0] === column.name)) {
    const parts = [column.name, ...keyOf(described, stage).filter((one) => one !== column.name)];
    found.push(
      finding(
        'warning',
        'jdbc.watermark_not_indexed',
        `no index begins with "${column.name}": each look reads the whole table`,
        `CREATE ${indexSql(sql, stage, name.table, parts)}`,
        '/watermark',
      ),
    );
  }
  return found;
}

function overlapFindings(column: SourceColumn, { overlap, watermark }: SourceStage): readonly StageFinding[] {
  if (overlap === undefined) {
    const remedy = isCounted(column)
      ? 'Give "overlap" the longest that a transaction may take (30s; for numbers: how many numbers), or 0 if that cannot happen.'
      : 'Take a time or an integer as watermark, with "overlap"; or say "overlap": 0 if that cannot happen.';
    return [
      finding(
        'warning',
        'jdbc.watermark_hole',
        `a row that is committed after another with a higher "${watermark}" was read is never read: its transaction began earlier, or its clock is behind`,
        remedy,
        '/overlap',
      ),
    ];
  }
  if (overlap !== 0 && !isCounted(column)) {
    return [
      finding(
        'error',
        WatermarkUnfit,
        `column "${column.name}" is ${column.sqlType}: no overlap can be subtracted from it`,
        'Take a time or an integer as watermark; for sqlite give it a type in "types".',
        '/overlap',
      ),
    ];
  }
  if (distanceOf(column, overlap) !== undefined) return [];
  return [
    finding(
      'error',
      WatermarkUnfit,
      `"overlap" of column "${column.name}" (${column.sqlType}) is ${typeof overlap === 'string' ? 'a whole number' : 'a duration such as 30s'}`,
      'Correct "overlap".',
      '/overlap',
    ),
  ];
}

const unknown = (error: ErrorCode, pointer: string, name: string, columns: readonly SourceColumn[]): StageFinding => {
  const known = columns.map((column) => column.name);
  return finding('error', error, `there is no column "${name}"`, suggestNames('column', name, known), pointer);
};

function indexSql(sql: SourceSql, stage: SourceStage, table: string, columns: readonly string[]): string {
  const name = [table, ...columns].join('_').slice(0, INDEX_NAME_MAX);
  const list = columns.map((column) => sql.quoteName(column)).join(', ');
  return `INDEX ${sql.quoteName(name)} ON ${relationSql(sql, relationOf(stage))} (${list});`;
}
