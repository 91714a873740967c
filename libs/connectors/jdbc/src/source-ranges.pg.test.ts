import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DrivenSource, SavedSnapshot } from '@millrace/testing/drivers';
import { startSource } from './test-support/source-runner.ts';
import { TARGETS, type TestTarget } from './test-support/targets.ts';

const ROWS = 20_000;

/** Ranges that the state of a source which has begun tells of. */
async function rangesOf(source: DrivenSource<unknown>): Promise<{ saved: SavedSnapshot; ranges: readonly unknown[] }> {
  const saved = await source.save();
  return { saved, ranges: JSON.parse(Buffer.from(saved.entries[0]!.value).toString()).ranges };
}

describe('ranges of keys that cannot be counted', () => {
  let database: TestTarget;
  beforeAll(async () => {
    database = await TARGETS[0]![1]();
  });
  afterAll(async () => {
    await database[Symbol.asyncDispose]();
  });

  it.each([
    ['uuid', 'uuid primary key', 'md5(n::text)::uuid'],
    ['text', 'text primary key', `md5(n::text) || E' it''s \\\\ \\n' || chr(65 + n % 900)`],
    [
      'text of another collation',
      'text collate "C" primary key',
      'case n % 2 when 0 then upper(md5(n::text)) else md5(n::text) end',
    ],
    ['numeric', 'numeric primary key', 'n / 7.0 - 1000'],
  ])('are cut at what the statistics know: %s', async (name, type, value) => {
    const table = `ranges_${name.replaceAll(' ', '_')}`;
    await database.query(`create table ${table} (id ${type}, n integer) with (autovacuum_enabled = false)`);
    await database.query(`insert into ${table} select ${value}, n from generate_series(1, ${ROWS}) as n`);
    const stage = { table, parallel: 3 };
    await using whole = await startSource(database.connection, stage);
    await whole.untilEvents(1);
    expect((await rangesOf(whole)).ranges).toHaveLength(1);

    await database.query(`analyze ${table}`);
    await using source = await startSource(database.connection, stage);
    const seen = [...(await source.untilEvents(ROWS / 4))];
    const { saved, ranges } = await rangesOf(source);
    expect(ranges).toHaveLength(12);
    await using rest = await startSource(database.connection, stage, saved);
    seen.push(...(await rest.run()).events);
    expect(seen.map((row) => Number(row['n'])).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: ROWS }, (_, at) => at + 1),
    );
  });

  it('are one range of a table that is small', async () => {
    await database.query('create table small (id text primary key, n integer) with (autovacuum_enabled = false)');
    await database.query(`insert into small select 'k' || n, n from generate_series(1, 1500) as n`);
    await database.query('analyze small');
    await using source = await startSource(database.connection, { table: 'small', parallel: 3 });
    await source.untilEvents(1);
    expect((await rangesOf(source)).ranges).toHaveLength(1);
  });

  it('takes no cuts that the column orders otherwise, as after a new version of its collation', async () => {
    await database.query('create table turned (id text primary key, n integer) with (autovacuum_enabled = false)');
    await database.query(`insert into turned select 'k' || n, n from generate_series(1, ${ROWS}) as n`);
    await database.query('analyze turned');
    const state = async () => {
      await using source = await startSource(database.connection, { table: 'turned', parallel: 3 });
      await source.untilEvents(1);
      return (await rangesOf(source)).ranges;
    };
    expect(await state()).toHaveLength(12);
    const bounds = Array.from({ length: 21 }, (_, at) => `k${(at * 7) % 21}`);
    await database.query(
      `select pg_restore_attribute_stats('schemaname', 'public', 'relname', 'turned', 'attname', 'id', 'inherited', false,
         'null_frac', 0::real, 'avg_width', 6, 'n_distinct', -1::real, 'histogram_bounds', '{${bounds.join(',')}}'::text)`,
    );
    expect(await state()).toHaveLength(1);
  });
});
