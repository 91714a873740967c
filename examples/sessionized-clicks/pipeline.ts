import { appendFileSync } from 'node:fs';
import { AggregateOperations } from '@millrace/operators';
import { Pipeline, SinkBuilder, SourceBuilder, session } from '@millrace/pipeline';

const { allOf, counting, mapping, maxOf, minOf, toList } = AggregateOperations;

export interface Click {
  readonly user: string;
  readonly page: string;
  readonly timeMs: number;
}

const MINUTE = 60_000;

/** Clicks as they reach the server: the phone of `ada` was offline, so one of hers comes late and joins two visits. */
export const clicks: readonly Click[] = [
  { user: 'ada', page: '/', timeMs: 0 },
  { user: 'bo', page: '/', timeMs: 2 * MINUTE },
  { user: 'ada', page: '/shoes', timeMs: 20 * MINUTE },
  { user: 'ada', page: '/help', timeMs: 45 * MINUTE },
  { user: 'ada', page: '/shoes/7', timeMs: 33 * MINUTE },
  { user: 'bo', page: '/cart', timeMs: 70 * MINUTE },
  { user: 'bo', page: '/paid', timeMs: 71 * MINUTE },
];

// #region source
const source = SourceBuilder.stream('clicks', () => ({ next: 0 }))
  .fillBuffer<Click>((state, buffer) => {
    const click = clicks[state.next++];
    if (click === undefined) buffer.close();
    else buffer.add(click);
  })
  .createSnapshot(({ next }) => next)
  .restoreSnapshot((state, [next]) => {
    state.next = next!;
  })
  .build();
// #endregion

/** A visit: clicks of one user with less than half an hour between them. */
export default ({ file }: { readonly file: string }): Pipeline => {
  const p = Pipeline.create();
  // #region sessions
  const visits = p
    .readFrom(source)
    .withTimestamps(({ timeMs }) => timeMs, 15 * MINUTE)
    .groupingKey(({ user }) => user)
    .window(session(30 * MINUTE))
    .aggregate(
      allOf({
        pages: mapping(({ page }: Click) => page, toList<string>()),
        clicks: counting<Click>(),
        first: minOf(({ timeMs }: Click) => timeMs),
        last: maxOf(({ timeMs }: Click) => timeMs),
      }),
    )
    .map(({ key, result: { first, last, ...rest } }) => ({
      user: key,
      ...rest,
      minutes: (last! - first!) / MINUTE,
    }));
  // #endregion
  // #region sink
  const lines = SinkBuilder.sink('lines', () => ({ text: '' }))
    .receive((state, row: unknown) => {
      state.text += `${JSON.stringify(row)}\n`;
    })
    .flush((state) => {
      appendFileSync(file, state.text);
      state.text = '';
    })
    .build();
  // #endregion
  visits.writeTo(lines);
  return p;
};
