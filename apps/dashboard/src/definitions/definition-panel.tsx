import { Group, Text } from '@mantine/core';
import type { Definition, Job } from '@millrace/sdk/client';
import { JobCommand } from '../jobs/job-actions.tsx';
import { isRunning, jobState } from '../jobs/job-state.ts';
import { PageLink } from '../parts/page-link.tsx';
import { Facts, Panel } from '../parts/panel.tsx';
import { StatusBadge } from '../parts/tone.tsx';

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** The options of a source or sink; secrets come masked. */
export function OptionsPanel({ definition }: { readonly definition: Definition }) {
  return (
    <Panel title="Options">
      <Facts
        facts={[
          { key: 'type', name: 'type', value: definition.type },
          ...Object.entries(definition.config).map(([name, value]) => ({ key: name, name, value: shown(value) })),
        ]}
      />
    </Panel>
  );
}

/** The jobs around it; those that still run with what it was before it was changed can be restarted. */
export function UsesPanel({ jobs, changedAt }: { readonly jobs: readonly Job[]; readonly changedAt: string }) {
  return (
    <Panel title="Jobs that use it">
      {jobs.length === 0 ? (
        <Text size="sm">None.</Text>
      ) : (
        <Facts
          facts={jobs.map((job) => ({
            key: job.id,
            name: (
              <PageLink to="/jobs/$name" params={{ name: job.name }}>
                {job.name}
              </PageLink>
            ),
            value: (
              <Group gap="sm">
                <StatusBadge tone={jobState(job).tone}>{jobState(job).word}</StatusBadge>
                {isBehind(job, changedAt) && (
                  <>
                    <StatusBadge tone="warn">with the options of before</StatusBadge>
                    <JobCommand job={job} command="restart" />
                  </>
                )}
              </Group>
            ),
          }))}
        />
      )}
    </Panel>
  );
}

const isBehind = (job: Job, changedAt: string): boolean =>
  isRunning(job) &&
  job.desired === 'running' &&
  job.executionStartedAt !== null &&
  Date.parse(job.executionStartedAt) < Date.parse(changedAt);
