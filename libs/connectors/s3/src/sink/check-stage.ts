import type { Finding, SourceShape } from '@millrace/connector-contract';
import type { S3Stage } from '../config.ts';
import { pathColumns } from '../naming/path-template.ts';

const TIME_KINDS: ReadonlySet<string> = new Set(['date', 'timestamp', 'timestamptz']);

/** Can the stage take these tables? Every `{row.NAME}`, and the column of the time, must be a column of each of them. */
export function stageFindings(stage: S3Stage, { tables }: SourceShape): readonly Finding[] {
  const uses: Use[] = pathColumns(stage.path).map((name) => ({
    name,
    what: `the path has {row.${name}}`,
    pointer: '/path',
  }));
  if (stage.timeColumn !== undefined)
    uses.push({ name: stage.timeColumn, what: `timeColumn is "${stage.timeColumn}"`, pointer: '/timeColumn' });
  return tables.flatMap((table) => uses.flatMap((use) => findingsOf(stage, table, use)));
}

/** A column whose value decides on the folder. */
interface Use {
  readonly name: string;
  readonly what: string;
  readonly pointer: string;
}

function findingsOf(stage: S3Stage, table: SourceShape['tables'][number], { name, what, pointer }: Use): Finding[] {
  const column = table.columns.find((candidate) => candidate.name === name);
  if (column === undefined) {
    return [
      {
        code: 's3.path_unknown_column',
        severity: 'error',
        message: `${what}, but ${table.id} has no column "${name}"`,
        mend: `Use one of ${table.columns.map((candidate) => candidate.name).join(', ')}, or give the table a sink stage of its own.`,
        pointer,
      },
    ];
  }
  if (pointer === '/timeColumn' && !TIME_KINDS.has(column.kind)) {
    return [
      {
        code: 's3.path_no_time',
        severity: 'error',
        message: `${what}, but in ${table.id} that is ${column.sqlType}`,
        mend: 'Use a column of type date, timestamp or timestamptz.',
        pointer,
      },
    ];
  }
  if (column.key || table.replicaIdentity === 'full' || stage.deletes === 'skip') return [];
  return [
    {
      code: 's3.path_unknown_for_deletes',
      severity: 'warning',
      message: `deletes of ${table.id} come with the key only, so their lines go to the folder __unknown__ instead of that of "${name}"`,
      mend: `ALTER TABLE ${table.id} REPLICA IDENTITY FULL; or use columns of the key in the path, or set deletes to skip.`,
      pointer,
    },
  ];
}
