import type { BatchSource, Pipeline, StreamSource, StreamStage } from '@millrace/pipeline';
import type { SeededRandom, SimulatedSourceOptions, SimulatedWorld } from '@millrace/testing/simulation';

export interface Event {
  readonly split: number;
  readonly n: number;
  readonly id: number;
  /** Names the same as `id`. */
  readonly key: string;
  readonly timeMs: number;
  readonly amount: number;
}

const KEYS_MAX = 12;
const ROWS_MAX = 160;
/** Event time between two rows of a split, at most, and how far a row is behind newer ones, at most. */
const STEP_MS_MAX = 8;
export const LAG_MS = 12;

/** Rows and keys of a split, at most. */
interface Size {
  readonly rowsMax: number;
  readonly keysMax: number;
  readonly burstRowsMax?: number;
}

const FEW: Size = { rowsMax: ROWS_MAX, keysMax: KEYS_MAX };
/** State that outgrows its tables. */
export const MANY: Size = { rowsMax: 4_000, keysMax: 8_000, burstRowsMax: 1_000 };

/** Events of a split, a little out of order in time. */
function rowsOf(split: number, random: SeededRandom, { rowsMax, keysMax }: Size): readonly Event[] {
  const keys = random.integer(1, keysMax);
  const stepMsMax = (STEP_MS_MAX * ROWS_MAX) / rowsMax;
  let timeMs = 1_000;
  return Array.from({ length: random.integer(0, rowsMax) }, (_, n) => {
    timeMs += random.next() * stepMsMax;
    const id = random.integer(1, keys);
    return {
      split,
      n,
      id,
      key: `k${id}`,
      timeMs: Math.floor(timeMs) - random.integer(0, LAG_MS),
      amount: random.integer(1, 100),
    };
  });
}

const rows = (split: number, random: SeededRandom): readonly Event[] => rowsOf(split, random, FEW);

export const events = (world: SimulatedWorld, name: string, size: Size = FEW): StreamSource<Event> =>
  world.source(name, {
    rows: (split, random) => rowsOf(split, random, size),
    timeOf: ({ timeMs }) => timeMs,
    lagMs: LAG_MS,
    burstRowsMax: size.burstRowsMax,
  });

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
