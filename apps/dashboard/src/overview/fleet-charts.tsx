import { SimpleGrid, Text } from '@mantine/core';
import type { Overview } from '@millrace/sdk/client';
import { useMemo } from 'react';
import Chart from '../parts/chart.tsx';
import { duration, rate } from '../parts/formats.ts';
import { Panel } from '../parts/panel.tsx';

/** Points that are needed before lines say something. */
const POINTS_MIN = 2;

/** Throughput and lag of all jobs over the last hour. */
export default function FleetCharts({ history }: { readonly history: Overview['history'] }) {
  const times = useMemo(() => history.map(({ at }) => at), [history]);
  const flow = useMemo(
    () => [
      { name: 'in', colour: '--tone-busy', values: history.map(({ inPerSecond }) => inPerSecond) },
      { name: 'out', colour: '--tone-ok', values: history.map(({ outPerSecond }) => outPerSecond), isDashed: true },
    ],
    [history],
  );
  const lag = useMemo(
    () => [
      { name: 'lag', colour: '--tone-busy', values: history.map(({ lagMs }) => lagMs) },
      { name: 'p99', colour: '--tone-warn', values: history.map(({ lagP99Ms }) => lagP99Ms), isDashed: true },
    ],
    [history],
  );
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
      <Panel title="Rows per second">
        {times.length < POINTS_MIN ? (
          <Soon />
        ) : (
          <Chart title="Rows per second" times={times} series={flow} format={rate} />
        )}
      </Panel>
      <Panel title="Lag of the job furthest behind">
        {times.length < POINTS_MIN ? (
          <Soon />
        ) : (
          <Chart title="Lag of the job furthest behind" times={times} series={lag} format={duration} />
        )}
      </Panel>
    </SimpleGrid>
  );
}

const Soon = () => (
  <Text size="sm" c="dimmed">
    A point every ten seconds: lines appear when two are there.
  </Text>
);
