import type { Job, StageCounts } from '@millrace/sdk/client';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { count, dateAndTime, duration, NONE } from '../parts/formats.ts';
import { type Fact, Panel, Tiles } from '../parts/panel.tsx';
import { isRunning } from './job-state.ts';

const COLUMNS: readonly Column<StageCounts>[] = [
  { name: 'Stage', cell: ({ stage }) => stage },
  { name: 'Rows in', cell: ({ rowsIn }) => count(rowsIn), isNumber: true },
  { name: 'Rows out', cell: ({ rowsOut }) => count(rowsOut), isNumber: true },
  { name: 'Skipped', cell: ({ skippedRows }) => count(skippedRows), isNumber: true },
  { name: 'Set aside', cell: ({ deadLetters }) => count(deadLetters), isNumber: true },
  { name: 'Late', cell: ({ lateRows }) => count(lateRows), isNumber: true },
];

const at = (time: string | null): string => (time === null ? NONE : dateAndTime(new Date(time)));

/** What a job that does not run has done: of all rows when it has completed. */
export function JobCounts({ job }: { readonly job: Job }) {
  if (job.counts === null || isRunning(job)) return null;
  const facts: Fact[] = [
    { name: 'Began', value: at(job.startedAt) },
    { name: 'Ended', value: at(job.endedAt) },
    { name: 'Took', value: duration(job.durationMs) },
  ];
  return (
    <Panel title={job.status === 'COMPLETED' ? 'Rows of the whole run' : 'Rows up to the newest snapshot'}>
      <Tiles facts={facts} />
      <DataTable label="Rows of each stage" columns={COLUMNS} rows={job.counts} keyOf={({ stage }) => stage} />
    </Panel>
  );
}
