import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Platform, startPlatform } from '../../apps/cli/src/demo/platform.ts';
import { bundleJob } from '../../apps/cli/src/submit/bundle-job.ts';

const pause = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

interface Letter {
  readonly id: string;
  readonly state: string;
  readonly reason: string;
  readonly isParked: boolean;
  readonly key: Readonly<Record<string, string>>;
  readonly attempts: number;
}

describe('records that a stage cannot take', () => {
  let platform: Platform;

  beforeAll(async () => {
    platform = await startPlatform({ workers: 1, show: () => {} });
    const connect = (to: typeof platform.source): Record<string, unknown> => {
      const { password, ...connection } = to.connection;
      return { ssl: 'disable', ...connection, ...(password === undefined ? {} : { password }) };
    };
    const { rest, source, target } = platform;
    await rest.post('sources', { name: 'shop', type: 'postgres', config: connect(source) });
    await rest.post('sinks', { name: 'warehouse', type: 'jdbc', config: connect(target) });
  }, 180_000);

  afterAll(async () => await platform?.[Symbol.asyncDispose]());

  const letters = async (job: string): Promise<readonly Letter[]> =>
    (await platform.rest.get<{ readonly items: Letter[] }>(`jobs/${job}/dead-letters?order=oldest&limit=100`)).items;
  const states = async (job: string): Promise<readonly string[]> => (await letters(job)).map(({ state }) => state);
  const replayAll = (job: string): Promise<unknown> =>
    platform.rest.post(`jobs/${job}/dead-letters/replay`, { filter: {} });

  /** Looks again until it holds; after a long while it tells what there is instead. */
  async function until(what: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; !(await what().catch(() => false)); tries++) {
      if (tries === 1_200) {
        const { items } = await platform.rest.get<{ readonly items: readonly Record<string, unknown>[] }>('jobs');
        throw new Error(
          JSON.stringify(items.map(({ name, status, error, deadLetters }) => ({ name, status, error, deadLetters }))),
        );
      }
      await pause(50);
    }
  }

  /** Until then rows are read as they are at that moment, not change by change. */
  async function isLoaded(job: string): Promise<boolean> {
    const { vertices } = (await platform.rest.peek(`jobs/${job}/metrics`)) as {
      readonly vertices: readonly { readonly custom: Readonly<Record<string, number>> }[];
    };
    return vertices.some(({ custom }) => custom['loadTablesDone'] === 1);
  }

  async function restartWorker(): Promise<void> {
    await platform.workers[0]!.kill();
    await platform.workers[0]!.start();
  }

  it('of a computed column: parks the key, and goes on in order when the edited record is replayed', async () => {
    const { source, target, rest } = platform;
    await source.query('create table readings (id int primary key, v text not null)');
    await rest.post('jobs', {
      name: 'readings',
      stages: {
        read: { source: 'shop', tables: ['public.readings'] },
        parsed: {
          input: 'read',
          select: { id: 'after.id', value: 'after.v::int4' },
          onError: { action: 'dead-letter', parkKeys: true },
        },
        store: { input: 'parsed', sink: 'warehouse', table: 'readings', mode: 'upsert' },
      },
    });
    const rows = (): Promise<unknown[]> => target.query('select id, value from readings order by id');
    await source.query("insert into readings values (3, '30')");
    await until(async () => (await rows()).length === 1 && (await isLoaded('readings')));
    await source.query("insert into readings values (1, '10'), (2, 'zwei')");
    await source.query("update readings set v = '20' where id = 2");
    await source.query("update readings set v = '21' where id = 2; update readings set v = '11' where id = 1");
    await until(async () => (await letters('readings')).length >= 3);
    await restartWorker();
    await source.query("insert into readings values (4, '40')");
    await until(async () => (await rows()).length === 3);
    expect(await rows()).toEqual([
      { id: 1, value: 11 },
      { id: 3, value: 30 },
      { id: 4, value: 40 },
    ]);
    const told = (await letters('readings')).map(({ id, state, reason, isParked, key, attempts }) => ({
      id,
      state,
      reason,
      isParked,
      key,
      attempts,
    }));
    const parked = { state: 'open', reason: 'dead_letter.parked', isParked: true, key: { id: '2' }, attempts: 0 };
    expect(told).toEqual([
      { id: 'parsed.1', state: 'open', reason: 'sql.invalid_text', isParked: false, key: { id: '2' }, attempts: 1 },
      { id: 'parsed.2', ...parked },
      { id: 'parsed.3', ...parked },
    ]);

    // As it was, it is refused again, and nothing overtakes it.
    await replayAll('readings');
    await until(async () => (await letters('readings'))[0]!.attempts === 2);
    expect(await states('readings')).toEqual(['open', 'open', 'open']);
    expect(await rows()).toHaveLength(3);

    await rest.patch('jobs/readings/dead-letters/parsed.1', { after: { v: '2' } });
    await replayAll('readings');
    await until(async () => (await states('readings')).every((state) => state === 'replayed'));
    await source.query("update readings set v = '22' where id = 2 and v <> 'never'");
    await until(async () => ((await rows())[1] as { value: number }).value === 22);
    expect(await letters('readings')).toHaveLength(3);
  }, 180_000);

  it('of a sink: each refused row is kept once, whatever is killed, and taken when the target takes it', async () => {
    const { source, target, rest } = platform;
    await source.query('create table amounts (id int primary key, amount int not null)');
    await target.query('create table amounts (id int primary key, amount int not null check (amount < 1000))');
    await rest.post('jobs', {
      name: 'amounts',
      stages: {
        source: { source: 'shop', tables: ['public.amounts'] },
        amounts: {
          input: 'source',
          sink: 'warehouse',
          table: 'amounts',
          mode: 'upsert',
          onError: { action: 'dead-letter', parkKeys: true, retries: 1, backoff: '10ms' },
        },
      },
    });
    await source.query('insert into amounts select n, n from generate_series(1, 10) n');
    const count = async (): Promise<number> =>
      Number((await target.query<{ n: string }>('select count(*) as n from amounts'))[0]!.n);
    await until(async () => (await count()) === 10 && (await isLoaded('amounts')));
    const rounds = 6;
    for (let round = 0; round < rounds; round++) {
      const first = 100 * (round + 1);
      // Every tenth is refused at first; all of them change once more.
      await source.query(
        'insert into amounts select n, case when n % 10 = 0 then 5000 else n end from generate_series($1::int, $1::int + 49) n',
        [first],
      );
      await source.query('update amounts set amount = amount + 1 where id between $1::int and $1::int + 49', [first]);
      if (round % 2 === 1) await restartWorker();
    }
    const refused = rounds * 5;
    await until(async () => (await letters('amounts')).length >= 2 * refused && (await count()) >= 10 + rounds * 45);
    const found = await letters('amounts');
    expect(found.map(({ key, isParked }) => `${key['id']} ${isParked}`).sort()).toEqual(
      Array.from({ length: refused }, (_, index) => 100 * (Math.floor(index / 5) + 1) + (index % 5) * 10)
        .flatMap((id) => [`${id} false`, `${id} true`])
        .sort(),
    );
    expect(new Set(found.map(({ reason }) => reason))).toEqual(new Set(['jdbc.row_refused', 'dead_letter.parked']));

    await target.query('alter table amounts drop constraint amounts_amount_check');
    await replayAll('amounts');
    await until(async () => (await states('amounts')).every((state) => state === 'replayed'));
    const all = 'select id, amount from amounts order by id';
    expect(await target.query(all)).toEqual(await source.query(all));
  }, 180_000);

  it('of a function written in TypeScript: the row is kept as JSON, edited and taken in order', async () => {
    const { source, target, rest } = platform;
    await source.query('create table tickets (id int primary key, priority text not null)');
    await target.query('create table tickets (id int8 primary key, rank int8, check (id < 100))');
    const code = await bundleJob(fileURLToPath(new URL('./tickets.ts', import.meta.url)));
    const { sha256 } = await rest.post<{ sha256: string }>('modules', { code });
    await rest.post('jobs', { name: 'tickets', module: sha256 });
    const rows = async (): Promise<string[]> =>
      (await target.query<{ id: string; rank: string }>('select id, rank from tickets order by id')).map(
        ({ id, rank }) => `${id} ${rank}`,
      );
    await source.query("insert into tickets values (1, 'low')");
    await until(async () => (await rows()).length === 1 && (await isLoaded('tickets')));
    await source.query("insert into tickets values (2, 'urgent'), (3, 'high'), (200, 'low')");
    await source.query("update tickets set priority = 'low' where id = 2");
    await until(async () => (await letters('tickets')).length === 3);
    await source.query("insert into tickets values (4, 'high')");
    await until(async () => (await rows()).length === 3);
    expect(await rows()).toEqual(['1 0', '3 1', '4 1']);
    const told = (await letters('tickets')).map(
      ({ id, reason, key }) => `${id} ${reason} ${Object.values(key).join()}`,
    );
    expect(told.sort()).toEqual([
      'ranked.1 pipeline.function_failed 2',
      'ranked.2 dead_letter.parked 2',
      'stored.1 jdbc.row_refused 200',
    ]);
    await rest.patch('jobs/tickets/dead-letters/ranked.1', { after: { row: '{"id":2,"priority":"high"}' } });
    await rest.post('jobs/tickets/dead-letters/replay', { ids: ['ranked.1'] });
    await until(async () => (await rows()).includes('2 1'));
    await target.query('alter table tickets drop constraint tickets_id_check');
    await replayAll('tickets');
    await until(async () => (await states('tickets')).every((state) => state === 'replayed'));
    expect(await rows()).toEqual(['1 0', '2 0', '3 1', '4 1', '200 0']);
  }, 180_000);
});
