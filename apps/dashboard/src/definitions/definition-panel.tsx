import { Text } from '@mantine/core';
import type { Definition, Job } from '@millrace/sdk/client';
import { jobState } from '../jobs/job-state.ts';
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

/** The jobs around it. */
export function UsesPanel({ jobs }: { readonly jobs: readonly Job[] }) {
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
            value: <StatusBadge tone={jobState(job).tone}>{jobState(job).word}</StatusBadge>,
          }))}
        />
      )}
    </Panel>
  );
}
