import type { Finding, SourceShape } from '@millrace/connector-contract';
import type { S3Stage } from '../config.ts';
import { pathColumns } from '../naming/path-template.ts';

/** Can the stage take these tables? Every `{row.NAME}` must be a column of each of them. */
export function stageFindings(stage: S3Stage, { tables }: SourceShape): readonly Finding[] {
  const columns = pathColumns(stage.path);
  return tables.flatMap((table) =>
    columns.flatMap((name): Finding[] => {
      const column = table.columns.find((candidate) => candidate.name === name);
      if (column === undefined) {
        return [
          {
            code: 's3.path_unknown_column',
            severity: 'error',
            message: `the path has {row.${name}}, but ${table.id} has no column "${name}"`,
            mend: `Use one of ${table.columns.map((candidate) => candidate.name).join(', ')}, or give the table a sink stage of its own.`,
            pointer: '/path',
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
          pointer: '/path',
        },
      ];
    }),
  );
}
