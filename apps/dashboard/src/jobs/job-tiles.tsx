import type { Job, JobFigures } from '@millrace/sdk/client';
import { bytes, count, duration, percent, rate } from '../parts/formats.ts';
import { type Fact, Tiles } from '../parts/panel.tsx';
import { Since } from '../parts/since.tsx';

/** How a running job goes, in a line. */
export function JobTiles({ job, figures }: { readonly job: Job; readonly figures: JobFigures | null }) {
  if (figures === null) return null;
  const { flow, lag, snapshot, vertices } = figures;
  const most = vertices.toSorted((a, b) => b.blocked - a.blocked)[0];
  const facts: Fact[] = [
    { name: 'In', value: rate(flow.inPerSecond), note: 'rows/s' },
    { name: 'Out', value: rate(flow.outPerSecond), note: 'rows/s' },
    {
      name: lag.of === 'sink' ? 'Lag, source to sink' : 'Behind the source',
      value: duration(lag.p50Ms ?? lag.nowMs),
      note: lag.p99Ms === null ? bytes(lag.bytes) : `p99 ${duration(lag.p99Ms)}`,
    },
    {
      name: 'Back-pressure',
      value: percent(most?.blocked),
      note: most === undefined || most.blocked < 0.01 ? undefined : `at ${most.vertex}`,
    },
    {
      name: 'Last snapshot',
      value: snapshot === null ? 'none yet' : <Since at={snapshot.takenAt} ago />,
      note: snapshot === null ? undefined : `in ${duration(snapshot.durationMs)}`,
    },
    { name: 'Set aside', value: count(job.deadLetters.open), note: 'open' },
  ];
  return <Tiles facts={facts} />;
}
