import type { BatchSource, Pipeline, StreamSource, StreamStage } from '@millrace/pipeline';
import type { SeededRandom, SimulatedSourceOptions, SimulatedWorld } from '@millrace/testing/simulation';

export interface Event {
  readonly split: number;
  readonly n: number;
  readonly key: string;
  readonly timeMs: number;
  readonly amount: number;
}

const KEYS_MAX = 12;
const ROWS_MAX = 160;
/** Event time between two rows of a split, at most, and how far a row is behind newer ones, at most. */
const STEP_MS_MAX = 8;
export const LAG_MS = 12;

/** Events of a few keys; those of a split are a little out of order in time. */
function rows(split: number, random: SeededRandom): readonly Event[] {
  const keys = random.integer(1, KEYS_MAX);
  let timeMs = 1_000;
  return Array.from({ length: random.integer(0, ROWS_MAX) }, (_, n) => {
    timeMs += random.integer(0, STEP_MS_MAX);
    const key = `k${random.integer(1, keys)}`;
    return { split, n, key, timeMs: timeMs - random.integer(0, LAG_MS), amount: random.integer(1, 100) };
  });
}

export const events = (world: SimulatedWorld, name: string): StreamSource<Event> =>
  world.source(name, { rows, timeOf: ({ timeMs }) => timeMs, lagMs: LAG_MS });

/** Event times as the source has them. */
export const timed = (pipeline: Pipeline, world: SimulatedWorld, name: string): StreamStage<Event> =>
  pipeline.readFrom(events(world, name)).withNativeTimestamps(LAG_MS);

const SPLITS = 3;

/** Event times given by a stage: it follows one split with each instance, or rows of a slower one would be late. */
export const assigned = (pipeline: Pipeline, world: SimulatedWorld, name: string): StreamStage<Event> => {
  const options: SimulatedSourceOptions<Event> = { rows, splits: SPLITS, parallelism: SPLITS };
  return pipeline.readFrom(world.source(name, options)).withTimestamps(({ timeMs }) => timeMs, LAG_MS);
};

export const batch = (world: SimulatedWorld, name: string): BatchSource<Event> => world.batch(name, { rows });
