import type { Finding, JobIdentity, SourceShape } from '@millrace/connector-contract';
import type { SinkStage } from '../config.ts';
import { RowUnfit } from '../errors.ts';
import { indexOf } from './documents.ts';

const error = (message: string, mend: string, pointer: string): Finding => ({
  code: RowUnfit.code,
  severity: 'error',
  message,
  mend,
  pointer,
});

/** What tables lack to be documents. */
export function checkTables(
  stage: SinkStage,
  { tables, hasPositions }: SourceShape,
  job: JobIdentity,
): readonly Finding[] {
  const findings: Finding[] = [];
  const tableOf = new Map<string, string>();
  for (const table of tables) {
    const { id, columns } = table;
    const key = stage.id ?? columns.flatMap((column) => (column.key ? [column.name] : []));
    const lacks = key.find((name) => !columns.some((column) => column.name === name));
    if (lacks !== undefined)
      findings.push(error(`table ${id} has no column "${lacks}"`, 'Name a column that it has.', '/id'));
    if (stage.routing !== undefined && !key.includes(stage.routing))
      findings.push(
        error(
          `"${stage.routing}" is not part of the id of ${id}: a row whose value changes would leave its document behind`,
          'Name a column of the key, or add it to id.',
          '/routing',
        ),
      );
    if (stage.mode === 'upsert') {
      if (key.length === 0)
        findings.push(
          error(
            `table ${id} has no key, so its rows have no documents of their own`,
            'Name the columns that tell rows apart with id.',
            '/id',
          ),
        );
      const index = indexOf(stage, table, job);
      const other = tableOf.get(index);
      if (other !== undefined)
        findings.push({
          code: 'opensearch.index_shared',
          severity: 'warning',
          message: `tables ${other} and ${id} are both written to index ${index}: rows with the same key are the same document`,
          mend: 'Use {schema} and {table} in index.',
          pointer: '/index',
        });
      tableOf.set(index, id);
    } else if (stage.id === undefined && (hasPositions !== true || key.length === 0))
      findings.push({
        code: 'opensearch.may_repeat',
        severity: 'warning',
        message:
          hasPositions === true
            ? `table ${id} has no key: rows of its initial load may be there twice after a crash`
            : `changes of ${id} have no position: they may be there twice after a crash`,
        mend: 'Name columns that tell them apart with id, or use mode upsert.',
        pointer: '/id',
      });
  }
  return findings;
}
