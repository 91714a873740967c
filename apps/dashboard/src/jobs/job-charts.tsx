import { SimpleGrid, Text } from '@mantine/core';
import type { JobHistory } from '@millrace/sdk/client';
import { useMemo } from 'react';
import { historyQuery } from '../api/job-live.ts';
import { useLive } from '../api/use-live.ts';
import Chart, { type Series } from '../parts/chart.tsx';
import { bytes, duration, percent, rate } from '../parts/formats.ts';
import { Panel } from '../parts/panel.tsx';
import { QueryView } from '../parts/query-view.tsx';

type Metric = JobHistory['metrics'][number];

interface Drawn {
  readonly title: string;
  readonly format: (value: number | null) => string;
  readonly lines: readonly {
    readonly metric: Metric;
    readonly name: string;
    readonly colour: string;
    readonly isDashed?: boolean;
  }[];
}

const CHARTS: readonly Drawn[] = [
  {
    title: 'Rows per second',
    format: rate,
    lines: [
      { metric: 'inPerSecond', name: 'in', colour: '--tone-busy' },
      { metric: 'outPerSecond', name: 'out', colour: '--tone-ok', isDashed: true },
    ],
  },
  {
    title: 'Lag',
    format: duration,
    lines: [
      { metric: 'lagMs', name: 'lag', colour: '--tone-busy' },
      { metric: 'lagP99Ms', name: 'p99', colour: '--tone-warn', isDashed: true },
    ],
  },
  {
    title: 'Back-pressure',
    format: percent,
    lines: [
      { metric: 'blocked', name: 'waits for room', colour: '--tone-warn' },
      { metric: 'queueFill', name: 'fullest queue', colour: '--tone-busy', isDashed: true },
    ],
  },
  {
    title: 'Snapshots',
    format: duration,
    lines: [{ metric: 'snapshotMs', name: 'took', colour: '--tone-busy' }],
  },
  {
    title: 'State',
    format: bytes,
    lines: [
      { metric: 'stateBytes', name: 'in memory', colour: '--tone-busy' },
      { metric: 'snapshotBytes', name: 'in a snapshot', colour: '--tone-ok', isDashed: true },
    ],
  },
  {
    title: 'Log still to read',
    format: bytes,
    lines: [{ metric: 'lagBytes', name: 'bytes', colour: '--tone-busy' }],
  },
];

/** The last hour of a job. */
export default function JobCharts({ job }: { readonly job: string }) {
  const query = useLive(historyQuery(job));
  return (
    <QueryView query={query}>
      {(history) =>
        history.points.length < 2 ? (
          <Text size="sm" c="dimmed">
            A point every ten seconds while it runs: lines appear when two are there.
          </Text>
        ) : (
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
            {CHARTS.map((drawn) => (
              <Panel key={drawn.title} title={drawn.title}>
                <Lines drawn={drawn} history={history} />
              </Panel>
            ))}
          </SimpleGrid>
        )
      }
    </QueryView>
  );
}

function Lines({ drawn, history }: { readonly drawn: Drawn; readonly history: JobHistory }) {
  const times = useMemo(() => history.points.map(([at]) => at!), [history]);
  const series = useMemo(
    () =>
      drawn.lines.map(({ metric, ...line }): Series => {
        const index = history.metrics.indexOf(metric) + 1;
        return { ...line, values: history.points.map((point) => (index === 0 ? null : (point[index] ?? null))) };
      }),
    [drawn, history],
  );
  return <Chart title={drawn.title} times={times} series={series} format={drawn.format} />;
}
