import type { Job } from '@millrace/sdk/client';
import type { Figures } from '../api/figures.ts';
import { bytes, count, duration } from '../parts/formats.ts';
import { type Fact, Tiles } from '../parts/panel.tsx';
import { Since } from '../parts/since.tsx';

const sum = (figures: Figures, name: string): number | undefined => {
  const values = figures.vertices.flatMap(({ custom }) => custom[name] ?? []);
  return values.length === 0 ? undefined : values.reduce((total, value) => total + value, 0);
};

/** How a running job goes, in a line. */
export function JobTiles({ job, figures }: { readonly job: Job; readonly figures: Figures | null }) {
  if (figures === null) return null;
  const facts: Fact[] = [
    { name: 'Behind the source', value: duration(sum(figures, 'lagMs')), note: bytes(sum(figures, 'lagBytes')) },
    {
      name: 'Last snapshot',
      value: figures.snapshot === undefined ? 'none yet' : <Since at={figures.snapshot.takenAt} ago />,
      note: figures.snapshot === undefined ? undefined : `took ${duration(figures.snapshot.durationMs)}`,
    },
    { name: 'Set aside', value: count(job.deadLetters.open), note: 'open' },
  ];
  return <Tiles facts={facts} />;
}
