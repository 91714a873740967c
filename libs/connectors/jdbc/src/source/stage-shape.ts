import { derivedSchema, type TableSchema } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { templateParts } from '../config.ts';
import { type Relation, relationOf, type SourceStage } from './source-config.ts';
import type { Described, SourceColumn, SourceSession } from './source-dialect.ts';
import { keyOf, type StageFinding, stageFindings } from './stage-findings.ts';

/** What a stage reads, as the database describes it now. */
export interface StageShape {
  readonly relation: Relation;
  readonly schema: TableSchema;
  readonly columns: readonly SourceColumn[];
  /** By which rows are told apart. */
  readonly key: readonly SourceColumn[];
  readonly watermark: SourceColumn | undefined;
}

/** @throws MillraceError `jdbc.table_missing`, `jdbc.query_refused` */
export async function describeStage(
  session: SourceSession,
  stage: SourceStage,
): Promise<{ readonly shape: StageShape; readonly findings: readonly StageFinding[] }> {
  const relation = relationOf(stage);
  const described = await session.describe(relation, stage.types);
  return { shape: shapeOf(relation, described, stage), findings: stageFindings(described, stage, session.sql) };
}

/** The same for a job that runs. @throws MillraceError also for the first finding that stands in the way. */
export async function shapeToRead(session: SourceSession, stage: SourceStage): Promise<StageShape> {
  const { shape, findings } = await describeStage(session, stage);
  for (const { error, message, mend, pointer, severity } of findings) {
    if (severity === 'error') throw new MillraceError(error!, { message, mend, pointer });
  }
  return shape;
}

function shapeOf(relation: Relation, described: Described, stage: SourceStage): StageShape {
  const [schema, table] = templateParts(stage.table) as [string, string];
  const name = described.name ?? { schema, table };
  const wanted = keyOf(described, stage);
  const find = (column: string): SourceColumn | undefined => described.columns.find((known) => known.name === column);
  const key = wanted.flatMap((column) => find(column) ?? []);
  const derived = derivedSchema(
    name.schema,
    name.table,
    described.columns.map((column) => ({ ...column, key: wanted.includes(column.name) })),
  );
  return {
    relation,
    schema: derived,
    columns: described.columns,
    key,
    watermark: stage.watermark === undefined ? undefined : find(stage.watermark),
  };
}
