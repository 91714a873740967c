import { Drawer, Stack, Tabs, Text } from '@mantine/core';
import type { JobFigures, VertexFigures } from '@millrace/sdk/client';
import { lazy, Suspense } from 'react';
import type { Plan, PlanVertex } from '../api/plan.ts';
import { bytes, count, duration, percent, rate } from '../parts/formats.ts';
import { Loading } from '../parts/loading.tsx';
import { Facts, Panel } from '../parts/panel.tsx';
import { StatusBadge } from '../parts/tone.tsx';
import { pressureTone, pressureWords } from './pressure.ts';

const LiveTail = lazy(() => import('../tail/live-tail.tsx'));

export interface VertexDrawerProps {
  /** Its name. */
  readonly job: string;
  readonly plan: Plan;
  readonly figures: JobFigures | null;
  readonly vertex: string | undefined;
  readonly onClose: () => void;
}

/** All that is known of one vertex. Beside the graph, not over it, so that both are read together. */
export function VertexDrawer({ job, plan, figures, vertex: name, onClose }: VertexDrawerProps) {
  const vertex = plan.vertices.find((each) => each.name === name);
  const of = figures?.vertices.find((each) => each.vertex === name);
  return (
    <Drawer
      opened={vertex !== undefined}
      onClose={onClose}
      position="right"
      size="sm"
      title={name}
      withOverlay={false}
      lockScroll={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {vertex !== undefined && (
        <Tabs defaultValue="figures" keepMounted={false} key={vertex.name}>
          <Tabs.List mb="sm">
            <Tabs.Tab value="figures">Figures</Tabs.Tab>
            <Tabs.Tab value="rows">Sample rows</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="figures">
            <About vertex={vertex} of={of} figures={figures} />
          </Tabs.Panel>
          <Tabs.Panel value="rows">
            {of === undefined ? (
              <Text size="sm">Rows are shown while the job runs.</Text>
            ) : (
              <Suspense fallback={<Loading />}>
                <LiveTail path={`/api/v1/jobs/${job}/tail?vertex=${encodeURIComponent(vertex.name)}`} />
              </Suspense>
            )}
          </Tabs.Panel>
        </Tabs>
      )}
    </Drawer>
  );
}

interface AboutProps {
  readonly vertex: PlanVertex;
  readonly of: VertexFigures | undefined;
  readonly figures: JobFigures | null;
}

const About = ({ vertex, of, figures }: AboutProps) => (
  <Stack gap="md">
    {of === undefined ? (
      <Text size="sm">No worker runs it at the moment.</Text>
    ) : (
      <>
        <StatusBadge tone={pressureTone(of)}>{pressureWords(of)}</StatusBadge>
        <Now figures={of} />
        <Queues vertex={of.vertex} figures={figures!} />
      </>
    )}
    <Panel title="Runs">
      <Facts
        facts={vertex.parts.map((part) => ({
          name: part.name,
          value: [part.what, ...part.fused.map(({ name: fused }) => fused), part.hasState ? 'keeps state' : '']
            .filter(Boolean)
            .join(', '),
        }))}
      />
      {vertex.reason !== undefined && (
        <Text size="xs" c="dimmed" mt="xs">
          A vertex of its own: {vertex.reason}.
        </Text>
      )}
    </Panel>
    {of !== undefined && Object.keys(of.custom).length > 0 && (
      <Panel title="What it says itself">
        <Facts facts={Object.entries(of.custom).map(([key, value]) => ({ name: key, value: count(value) }))} />
      </Panel>
    )}
  </Stack>
);

const Now = ({ figures }: { readonly figures: VertexFigures }) => (
  <Panel title="Now">
    <Facts
      facts={[
        { name: 'In', value: `${rate(figures.rowsInPerSecond)} rows/s, ${count(figures.rowsIn)} in all` },
        { name: 'Out', value: `${rate(figures.rowsOutPerSecond)} rows/s, ${count(figures.rowsOut)} in all` },
        { name: 'Busy', value: percent(figures.busy) },
        { name: 'Waits for room', value: percent(figures.blocked) },
        { name: 'Instances', value: count(figures.instances) },
        { name: 'Watermark behind', value: duration(figures.watermarkAgeMs) },
        { name: 'State', value: bytes(figures.stateBytes) },
        { name: 'Keys', value: count(figures.keys) },
        { name: 'Set aside', value: count(figures.deadLetters) },
      ]}
    />
  </Panel>
);

function Queues({ vertex, figures }: { readonly vertex: string; readonly figures: JobFigures }) {
  const queues = figures.edges.filter(({ to }) => to === vertex);
  if (queues.length === 0) return null;
  return (
    <Panel title="Waiting for it">
      <Facts
        facts={queues.map(({ edge, from, queuedRows, queueRowsMax, fill }) => ({
          key: String(edge),
          name: `from ${from}`,
          value: `${count(queuedRows)} of ${count(queueRowsMax)} rows, ${percent(fill)}`,
        }))}
      />
    </Panel>
  );
}
