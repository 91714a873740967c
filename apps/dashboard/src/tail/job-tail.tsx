import { Select } from '@mantine/core';
import type { JobFigures } from '@millrace/sdk/client';
import { useState } from 'react';
import { EmptyState } from '../parts/empty-state.tsx';
import { Panel } from '../parts/panel.tsx';
import LiveTail from './live-tail.tsx';

const SOURCES = 'sources';

/** Rows of a running job: as they come from its sources, leave a stage, or cross one edge. */
export default function JobTail({ job, figures }: { readonly job: string; readonly figures: JobFigures | null }) {
  const [chosen, choose] = useState(SOURCES);
  if (figures === null)
    return (
      <EmptyState title="No rows to watch">
        Rows are shown while the job runs, as its worker sees them; no worker runs it at the moment.
      </EmptyState>
    );
  const places = [
    { group: 'What it reads', items: [{ value: SOURCES, label: 'Rows of all its sources' }] },
    {
      group: 'A stage',
      items: figures.vertices.map(({ vertex, isSink }) => ({
        value: `vertex=${encodeURIComponent(vertex)}`,
        label: `${isSink ? 'into' : 'out of'} ${vertex}`,
      })),
    },
    {
      group: 'One edge',
      items: figures.edges.map(({ edge, from, to }) => ({ value: `edge=${edge}`, label: `${from} → ${to}` })),
    },
  ];
  return (
    <Panel title="Rows as they go by">
      <LiveTail path={`/api/v1/jobs/${job}/tail${chosen === SOURCES ? '' : `?${chosen}`}`}>
        <Select
          label="Where"
          data={places}
          value={chosen}
          allowDeselect={false}
          miw={220}
          onChange={(value) => choose(value ?? SOURCES)}
        />
      </LiveTail>
    </Panel>
  );
}
