import { Text } from '@mantine/core';
import type { JobSummary, Operation } from '@millrace/sdk/client';
import { PageLink } from '../parts/page-link.tsx';
import { Facts, Panel } from '../parts/panel.tsx';
import { Since } from '../parts/since.tsx';

export interface OperationsPanelProps {
  readonly operations: readonly Operation[];
  /** For their names: the log tells ids of what commands were given to. */
  readonly jobs: readonly JobSummary[];
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
          facts={operations.map(({ id, at, action, target, targetName, actor, outcome }) => ({
            key: String(id),
            name: <Since at={at} ago />,
            value: `${actor ?? 'somebody'}: ${action} ${targetName ?? jobs.find((job) => target === `job/${job.id}`)?.name ?? target}${outcome === 'done' ? '' : ` (${outcome})`}`,
          }))}
        />
      )}
    </Panel>
  );
}
