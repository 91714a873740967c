import { Text } from '@mantine/core';
import type { JobSummary, Operation } from '@millrace/sdk/client';
import { PageLink } from '../parts/page-link.tsx';
import { Facts, Panel } from '../parts/panel.tsx';
import { Since } from '../parts/since.tsx';

export interface OperationsPanelProps {
  readonly operations: readonly Operation[];
  /** For their names: the log tells ids. */
  readonly jobs: readonly JobSummary[];
}

function targetWords(target: string, jobs: readonly JobSummary[]): string {
  const [kind, id] = target.split('/');
  const name = kind === 'job' ? jobs.find((job) => job.id === id)?.name : undefined;
  return name === undefined ? (kind ?? target) : name;
}

/** What people did last. */
export function OperationsPanel({ operations, jobs }: OperationsPanelProps) {
  return (
    <Panel title="What was done last" aside={<PageLink to="/audit">All of it</PageLink>}>
      {operations.length === 0 ? (
        <Text size="sm" c="dimmed">
          Nothing yet.
        </Text>
      ) : (
        <Facts
          facts={operations.map(({ id, at, action, target, actor, outcome }) => ({
            key: String(id),
            name: <Since at={at} ago />,
            value: `${actor ?? 'somebody'}: ${action} ${targetWords(target, jobs)}${outcome === 'done' ? '' : ` (${outcome})`}`,
          }))}
        />
      )}
    </Panel>
  );
}
