import { useLive } from '../api/use-live.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { count } from '../parts/formats.ts';
import { QueryView } from '../parts/query-view.tsx';
import { Since } from '../parts/since.tsx';
import { TextButton } from '../parts/text-button.tsx';
import { groupsQuery, type LetterGroup } from './letter-queries.ts';

export const groupKey = ({ stage, reason, table }: LetterGroup): string => `${stage} ${reason} ${table}`;

/** Letters of a job by what is wrong with them. */
export function GroupsTable({
  job,
  onChoose,
}: {
  readonly job: string;
  readonly onChoose?: (group: LetterGroup) => void;
}) {
  const query = useLive(groupsQuery(job));
  const columns: readonly Column<LetterGroup>[] = [
    {
      name: 'Reason',
      cell: (group) =>
        onChoose === undefined ? (
          <code>{group.reason}</code>
        ) : (
          <TextButton onClick={() => onChoose(group)}>{group.reason}</TextButton>
        ),
    },
    { name: 'Stage', cell: ({ stage }) => stage },
    { name: 'Table', cell: ({ table }) => table },
    { name: 'Open', cell: ({ counts }) => count(counts.open), isNumber: true },
    { name: 'Replaying', cell: ({ counts }) => count(counts.replaying), isNumber: true },
    { name: 'Replayed', cell: ({ counts }) => count(counts.replayed), isNumber: true },
    { name: 'Discarded', cell: ({ counts }) => count(counts.discarded), isNumber: true },
    { name: 'First', cell: ({ firstAt }) => <Since at={firstAt} ago />, isNumber: true },
    { name: 'Last', cell: ({ lastAt }) => <Since at={lastAt} ago />, isNumber: true },
  ];
  return (
    <QueryView query={query}>
      {(groups) => <DataTable label="Groups" columns={columns} rows={groups} keyOf={groupKey} />}
    </QueryView>
  );
}
