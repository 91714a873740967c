import type { VertexFigures } from '@millrace/sdk/client';
import type { Tone } from '../parts/tone.tsx';

/** Shares of time from which a vertex is shown as held up, and as stuck. */
const HELD_UP = 0.1;
const STUCK = 0.5;
/** A vertex that is busy for so much of its time can take no more. */
const AT_ITS_LIMIT = 0.9;

/** The colour of a vertex: how much of its time it waits for room downstream. */
export function pressureTone(figures: VertexFigures | undefined): Tone {
  if (figures === undefined) return 'idle';
  if (figures.blocked >= STUCK) return 'bad';
  return figures.blocked >= HELD_UP ? 'warn' : 'ok';
}

/** In words: what holds it up, or what it holds up. */
export function pressureWords({ blocked, busy }: VertexFigures): string {
  if (blocked >= STUCK) return 'Waits for room downstream most of the time: look at what it feeds.';
  if (blocked >= HELD_UP) return 'Now and then waits for room downstream.';
  if (busy >= AT_ITS_LIMIT) return 'Works all the time: it sets the pace of the job.';
  return 'Keeps up.';
}
