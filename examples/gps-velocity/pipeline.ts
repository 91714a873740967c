import { appendFileSync } from 'node:fs';
import { AggregateOperations } from '@millrace/operators';
import { Pipeline, Sinks, Sources, sliding } from '@millrace/pipeline';

const { linearTrend } = AggregateOperations;

/** Metres per second of each vehicle. */
export const SPEEDS: Readonly<Record<string, number>> = { bicycle: 5, bus: 14, car: 31 };
const SECONDS = 120;

/** A position on the road, metres from its start. */
interface Fix {
  readonly vehicle: string;
  readonly timeMs: number;
  readonly metres: number;
}

// #region source
/** Three vehicles, a fix each second from each; receivers are a metre or two off. */
const track = Sources.stream<{ next: number }, Fix>('track', {
  create: () => ({ next: 0 }),
  fill(state, buffer) {
    const second = state.next++;
    for (const [vehicle, metresPerSecond] of Object.entries(SPEEDS)) {
      const error = Math.sin(second * 7 + metresPerSecond) * 1.5;
      buffer.add({ vehicle, timeMs: second * 1_000, metres: second * metresPerSecond + error });
    }
    if (state.next === SECONDS) buffer.close();
  },
});
// #endregion

export default ({ file }: { readonly file: string }): Pipeline => {
  const p = Pipeline.create();
  // #region velocity
  const fixes = p.readFrom(track).withTimestamps((fix) => fix.timeMs, 0);
  const velocity = fixes
    .groupingKey((fix) => fix.vehicle)
    .window(sliding(20_000, 5_000))
    .aggregate(
      linearTrend<Fix>(
        (fix) => fix.timeMs / 1_000,
        (fix) => fix.metres,
      ),
    );
  // #endregion
  velocity.writeTo(
    Sinks.of('velocities', {
      create: () => undefined,
      receive: (_, { end, key, result }) =>
        appendFileSync(file, `${JSON.stringify({ end, vehicle: key, metresPerSecond: result })}\n`),
    }),
  );
  return p;
};
