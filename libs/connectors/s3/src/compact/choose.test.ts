import { expect, it } from '@jest/globals';
import { chooseRuns, type LiveObject, MERGED_MIN } from './choose.ts';

const TABLE = { table: 'public.t', columns: [] };
const object = (key: string, bytes: number, table = TABLE): LiveObject => ({
  key,
  bytes,
  rows: 1,
  first: null,
  last: null,
  table,
});
const many = (count: number, bytes: number, folder = 'a', extension = 'ndjson'): LiveObject[] =>
  Array.from({ length: count }, (_, index) =>
    object(`${folder}/${String(index).padStart(5, '0')}.${extension}`, bytes),
  );
const counts = (objects: readonly LiveObject[], target = 1_000): number[] =>
  chooseRuns(objects, target).map((run) => run.length);

it('takes the oldest neighbours of a folder, as many as fit', () => {
  expect(counts(many(MERGED_MIN - 1, 1))).toEqual([]);
  expect(counts(many(MERGED_MIN, 1))).toEqual([MERGED_MIN]);
  expect(counts(many(2_000, 10))).toEqual([100]);
  expect(
    chooseRuns(many(30, 50), 1_000)[0]!
      .map(({ key }) => key)
      .at(-1),
  ).toBe('a/00019.ndjson');
});

it('keeps folders, shapes and formats apart', () => {
  const columns = [{ name: 'id', kind: 'integer', sqlType: 'integer', key: true } as const];
  const others = many(9, 1, 'a').map((each) => ({ ...each, table: { table: 'public.t', columns } }));
  expect(counts([...many(9, 1, 'a'), ...many(9, 1, 'b'), ...many(9, 1, 'a', 'csv.gz'), ...others])).toEqual([
    9, 9, 9, 9,
  ]);
});

it('leaves an object alone that is larger than the others together, and so writes a row a logarithmic number of times', () => {
  expect(counts([object('a/0', 500), ...many(20, 1)])).toEqual([20]);
  let live: LiveObject[] = [];
  let written = 0;
  for (let step = 0; step < 2_000; step++) {
    live.push(object(`a/${String(step).padStart(5, '0')}.ndjson`, 1));
    for (const run of chooseRuns(live, 1_000_000)) {
      const bytes = run.reduce((sum, each) => sum + each.bytes, 0);
      written += bytes;
      live = [...live.filter((each) => !run.includes(each)), object(run[0]!.key, bytes)].sort((a, b) =>
        a.key < b.key ? -1 : 1,
      );
    }
  }
  expect(live.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(2_000);
  expect(live.length).toBeLessThan(40);
  expect(written / 2_000).toBeLessThan(12);
});
