import type { Snapshot } from '@millrace/sdk/client';
import { snapshotsQuery } from '../api/job-live.ts';
import { useLive } from '../api/use-live.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { EmptyState } from '../parts/empty-state.tsx';
import { bytes, count, duration } from '../parts/formats.ts';
import { QueryView } from '../parts/query-view.tsx';
import { Since } from '../parts/since.tsx';
import { StatusBadge } from '../parts/tone.tsx';
import styles from './snapshots-table.module.css';

/** Where the time went: meeting the barrier, writing, showing. */
function Parts({ snapshot, longest }: { readonly snapshot: Snapshot; readonly longest: number }) {
  const { alignMs, writeMs, commitMs } = snapshot;
  const width = (ms: number): string => `${longest === 0 ? 0 : (ms / longest) * 100}%`;
  return (
    <div
      className={styles['bar']}
      role="img"
      aria-label={`align ${duration(alignMs)}, write ${duration(writeMs)}, commit ${duration(commitMs)}`}
    >
      <span className={styles['align']} style={{ width: width(alignMs) }} />
      <span className={styles['write']} style={{ width: width(writeMs) }} />
      <span className={styles['commit']} style={{ width: width(commitMs) }} />
    </div>
  );
}

/** The last snapshots of a job and how long their parts took. */
export function SnapshotsTable({ job }: { readonly job: string }) {
  const query = useLive(snapshotsQuery(job));
  return (
    <QueryView query={query}>
      {({ items }) => {
        if (items.length === 0)
          return <EmptyState title="No snapshot yet">The first one comes after the snapshot interval.</EmptyState>;
        const longest = Math.max(...items.map(({ durationMs }) => durationMs));
        const columns: readonly Column<Snapshot>[] = [
          { name: 'Snapshot', cell: ({ id }) => count(id) },
          { name: 'Taken', cell: ({ takenAt }) => <Since at={takenAt} ago />, isNumber: true },
          { name: 'Took', cell: ({ durationMs }) => duration(durationMs), isNumber: true },
          { name: 'Align, write, commit', cell: (snapshot) => <Parts snapshot={snapshot} longest={longest} /> },
          { name: 'Align', cell: ({ alignMs }) => duration(alignMs), isNumber: true },
          { name: 'Write', cell: ({ writeMs }) => duration(writeMs), isNumber: true },
          { name: 'Commit', cell: ({ commitMs }) => duration(commitMs), isNumber: true },
          { name: 'State', cell: ({ bytes: size }) => bytes(size), isNumber: true },
          { name: 'Execution', cell: ({ generation }) => count(generation), isNumber: true },
          {
            name: 'Kept',
            cell: ({ isRetained }) => (isRetained ? <StatusBadge tone="ok">kept</StatusBadge> : 'superseded'),
          },
        ];
        return <DataTable label="Snapshots" columns={columns} rows={items} keyOf={({ id }) => String(id)} />;
      }}
    </QueryView>
  );
}
