import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ulids } from '@millrace/kernel';
import { insertLetters, type TestLetter, testPostgres } from '@millrace/testing';
import { Catalog, type Job, letterId, SecretBox } from '../index.ts';

let database: Awaited<ReturnType<Awaited<ReturnType<typeof testPostgres>>['createDatabase']>>;
let catalog: Catalog;
let letters: Catalog['deadLetters'];

beforeAll(async () => {
  database = await (await testPostgres()).createDatabase('letters');
  const secretBox = SecretBox.of(Buffer.alloc(32, 1).toString('base64'));
  catalog = await Catalog.open({ url: database.url, secretBox, env: {} });
  letters = catalog.deadLetters;
});
afterAll(async () => {
  await catalog[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

let jobs = 0;
async function jobWith(rows: readonly TestLetter[]): Promise<Job> {
  const name = `job-${++jobs}`;
  const job = await catalog.jobs.create(ulids.next(), { name, document: { name }, uses: { source: [], sink: [] } });
  await insertLetters(database, job.id, rows);
  return job;
}

/** Three letters of key 1 (the later two parked behind the first) and one of key 2. */
const CHAIN: readonly TestLetter[] = [
  { number: 1 },
  { number: 2, isParked: true, reason: 'dead_letter.parked' },
  { number: 3, id: '2' },
  { number: 4, isParked: true, reason: 'dead_letter.parked' },
];

const ids = (...numbers: number[]) => ({ ids: numbers.map((number) => ({ stage: 'copy', number })) });
const ask = { dryRun: false, requestId: 'r1', withKey: false, rate: undefined };

async function states(job: Job): Promise<string> {
  const rows = await database.query<{ number: string; state: string }>(
    'SELECT number, state FROM millrace.dead_letter WHERE job_id = $1 ORDER BY stage, number',
    [job.id],
  );
  return rows.map(({ number, state }) => `${number}:${state}`).join(' ');
}

/** What was done to a job since it was made. */
const audited = async (job: Job) =>
  (await catalog.audit.list({ target: `job/${job.id}` }, { limit: 10 })).items.filter(
    ({ action }) => action !== 'job.create',
  );

/** Resolves when so many sessions of the catalog wait for locks, or when it is pointless to wait for that. */
async function untilWaiting(sessions: number, isPointless: () => boolean = () => false): Promise<void> {
  while (!isPointless()) {
    const waiting = await database.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name = 'millrace catalog'`,
    );
    if (waiting.length >= sessions) return;
  }
}

describe('a list', () => {
  it('comes in pages, the newest or the oldest first, over all stages', async () => {
    const job = await jobWith([
      { number: 1, at: '2026-11-28T12:00:00.000001Z' },
      { number: 2, at: '2026-11-28T12:00:00.000003Z' },
      { number: 1, stage: 'shape', at: '2026-11-28T12:00:00.000002Z' },
      { number: 2, stage: 'shape', at: '2026-11-28T12:00:00.000002Z' },
    ]);
    for (const order of ['oldest', 'newest'] as const) {
      const seen: string[] = [];
      let after: Awaited<ReturnType<typeof letters.list>>['next'];
      do {
        const page = await letters.list(job.id, {}, { limit: 1, order, after });
        seen.push(...page.items.map(letterId));
        after = page.next;
      } while (after !== undefined);
      const oldestFirst = ['copy.1', 'shape.1', 'shape.2', 'copy.2'];
      expect(seen).toEqual(order === 'oldest' ? oldestFirst : oldestFirst.toReversed());
    }
  });

  it('is filtered by state, reason, stage, table and key', async () => {
    const job = await jobWith([
      ...CHAIN,
      { number: 5, table: 'public.lines', state: 'replayed' },
      { number: 1, stage: 'shape', reason: 'sql.division_by_zero' },
    ]);
    const found = async (filter: Parameters<typeof letters.list>[1]) =>
      (await letters.list(job.id, filter, { limit: 10, order: 'oldest' })).items.map(letterId).join(' ');
    expect(await found({ state: 'replayed' })).toBe('copy.5');
    expect(await found({ reason: 'sql.division_by_zero' })).toBe('shape.1');
    expect(await found({ stage: 'shape' })).toBe('shape.1');
    expect(await found({ table: 'public.lines' })).toBe('copy.5');
    expect(await found({ key: { id: '2' } })).toBe('copy.3');
    expect(await found({ key: { id: '1' }, reason: 'dead_letter.parked' })).toBe('copy.2 copy.4');
    expect(await found({ stage: "x' OR true --" })).toBe('');
  });

  it('can be had in groups', async () => {
    const job = await jobWith([
      { number: 1, at: '2026-11-28T12:00:00Z' },
      { number: 2, id: '2', at: '2026-11-28T13:00:00Z' },
      { number: 3, id: '3', state: 'discarded' },
      { number: 1, stage: 'shape', reason: 'sql.division_by_zero', state: 'replaying' },
    ]);
    expect(await letters.groups(job.id, {})).toEqual([
      {
        stage: 'copy',
        reason: 'jdbc.row_refused',
        table: 'public.orders',
        counts: { open: 2, replaying: 0, replayed: 0, discarded: 1 },
        firstAt: new Date('2026-11-28T12:00:00Z'),
        lastAt: new Date('2026-11-28T13:00:00Z'),
        newest: 3,
      },
      expect.objectContaining({ stage: 'shape', counts: { open: 0, replaying: 1, replayed: 0, discarded: 0 } }),
    ]);
    expect(await letters.groups(job.id, { state: 'discarded' })).toHaveLength(1);
    const other = await jobWith([]);
    expect(await letters.unresolved([job.id, other.id])).toEqual(new Map([[job.id, { open: 2, replaying: 1 }]]));
  });
});

describe('one letter', () => {
  it('has its record, and tells what it waits for', async () => {
    const job = await jobWith(CHAIN);
    expect(await letters.get(job, { stage: 'copy', number: 4 })).toMatchObject({
      stage: 'copy',
      number: 4,
      state: 'open',
      isParked: true,
      table: 'public.orders',
      key: { id: '1' },
      commitLsn: '0/3EC',
      event: { op: 'c', after: { id: '1', total: '0', note: 'letter 4' } },
      edited: null,
      isEdited: false,
      heldBy: [
        { stage: 'copy', number: 1 },
        { stage: 'copy', number: 2 },
      ],
    });
    expect((await letters.get(job, { stage: 'copy', number: 3 })).heldBy).toEqual([]);
    await expect(letters.get(job, { stage: 'copy', number: 9 })).rejects.toMatchObject({
      code: { code: 'dead_letter.unknown' },
    });
  });

  it('is edited and taken back while it is open; the original is kept', async () => {
    const job = await jobWith([{ number: 1 }, { number: 2, id: '2', state: 'replaying' }]);
    const one = { stage: 'copy', number: 1 };
    const total = (value: string) =>
      letters.edit(job, one, 'r2', (event) => ({
        event: { ...event, after: { ...event.after, total: value } },
        changed: ['after.total'],
      }));
    expect(await total('12.50')).toMatchObject({ isEdited: true, event: { after: { total: '0' } } });
    const again = await letters.edit(job, one, 'r3', (event) => ({
      event: { ...event, after: { ...event.after, note: null } },
      changed: ['after.note'],
    }));
    expect(again.edited).toMatchObject({ after: { id: '1', total: '12.50', note: null } });
    expect(await letters.undoEdit(job, one, 'r4')).toMatchObject({ isEdited: false, edited: null });
    expect(await letters.undoEdit(job, one, 'r5')).toMatchObject({ isEdited: false });
    expect(await total('0')).toMatchObject({ isEdited: false });
    const refused = new Error('not like this');
    const thrown = letters.edit(job, one, 'r6', () => {
      throw refused;
    });
    await expect(thrown).rejects.toBe(refused);
    for (const command of ['edit', 'undoEdit'] as const) {
      const two = { stage: 'copy', number: 2 };
      const late = letters[command](job, two, 'r7', (event) => ({ event, changed: [] }));
      await expect(late).rejects.toMatchObject({
        code: { code: 'dead_letter.wrong_state' },
        mend: expect.stringContaining('cancel-replay'),
      });
    }
    expect((await audited(job)).map(({ action, requestId }) => `${action} ${requestId}`)).toEqual([
      'dead_letter.edit r2',
      'dead_letter.undo_edit r4',
      'dead_letter.edit r3',
      'dead_letter.edit r2',
    ]);
  });

  it('keeps the edits of two people at once, if they are of different columns', async () => {
    const job = await jobWith([{ number: 1 }]);
    const one = { stage: 'copy', number: 1 };
    await Promise.all(
      ['total', 'note'].map((column) =>
        letters.edit(job, one, column, (event) => ({
          event: { ...event, after: { ...event.after, [column]: '7' } },
          changed: [column],
        })),
      ),
    );
    expect((await letters.get(job, one)).edited).toMatchObject({ after: { id: '1', total: '7', note: '7' } });
  });
});

describe('a replay', () => {
  it('asks for open letters, with a rate, and is told to the audit log', async () => {
    const job = await jobWith(CHAIN);
    const outcome = await letters.replay(job, { ...ask, selection: ids(1, 3), rate: 50 });
    expect(outcome).toMatchObject({ dryRun: false, letters: 2, hasMore: false, keyCount: 2, hinderedCount: 0 });
    expect(outcome.stages).toEqual([{ stage: 'copy', letters: 2, parked: 0, keys: 2 }]);
    expect(await states(job)).toBe('1:replaying 2:open 3:replaying 4:open');
    expect((await letters.get(job, { stage: 'copy', number: 1 })).replayRate).toBe(50);
    expect(await audited(job)).toMatchObject([
      {
        action: 'dead_letter.replay',
        requestId: 'r1',
        details: { job: job.name, rate: 50, count: 2, letters: ['copy.1', 'copy.3'] },
      },
    ]);
  });

  it('of a parked letter needs the earlier ones of its key, and says which', async () => {
    const job = await jobWith(CHAIN);
    await expect(letters.replay(job, { ...ask, selection: ids(3, 4) })).rejects.toMatchObject({
      code: { code: 'dead_letter.key_is_parked' },
      message: 'nothing was changed: copy.4 was parked behind copy.1, copy.2 of the same key',
      mend: expect.stringContaining('"withKey": true'),
      details: { letters: ['copy.4'], heldBy: ['copy.1', 'copy.2'] },
    });
    const filter = { reason: 'dead_letter.parked' };
    await expect(letters.replay(job, { ...ask, selection: { filter } })).rejects.toMatchObject({
      details: { letters: ['copy.2', 'copy.4'], heldBy: ['copy.1'] },
    });
    expect(await states(job)).toBe('1:open 2:open 3:open 4:open');
    expect(await letters.replay(job, { ...ask, selection: ids(4), withKey: true })).toMatchObject({ letters: 3 });
    expect(await states(job)).toBe('1:replaying 2:replaying 3:open 4:replaying');
  });

  it('of a parked letter may follow earlier ones that are replaying or resolved', async () => {
    const job = await jobWith(CHAIN);
    await letters.discard(job, { ...ask, selection: ids(1), because: 'test data' });
    await letters.replay(job, { ...ask, selection: ids(2) });
    await letters.replay(job, { ...ask, selection: ids(4) });
    expect(await states(job)).toBe('1:discarded 2:replaying 3:open 4:replaying');
  });

  it('is not held back by the same key of another table, stage or job', async () => {
    const job = await jobWith([
      { number: 1, table: 'public.lines' },
      { number: 1, stage: 'shape' },
      { number: 2, isParked: true },
    ]);
    expect(await letters.replay(job, { ...ask, selection: ids(2), withKey: true })).toMatchObject({ letters: 1 });
  });

  it('that is only tried changes nothing, and tells what hinders it', async () => {
    const job = await jobWith([...CHAIN, { number: 5, id: '5', state: 'replayed' }]);
    const outcome = await letters.replay(job, { ...ask, selection: ids(2, 3, 5), dryRun: true });
    expect(outcome).toEqual({
      dryRun: true,
      letters: 2,
      hasMore: false,
      stages: [{ stage: 'copy', letters: 2, parked: 1, keys: 2 }],
      keyCount: 2,
      keys: [2, 3].map((number) => ({
        stage: 'copy',
        table: 'public.orders',
        key: { id: number === 2 ? '1' : '2' },
        letters: 1,
        first: { stage: 'copy', number },
        last: { stage: 'copy', number },
      })),
      hinderedCount: 2,
      hindered: [
        {
          letter: { stage: 'copy', number: 5 },
          code: 'dead_letter.wrong_state',
          message: 'copy.5 is replayed',
          by: [],
        },
        {
          letter: { stage: 'copy', number: 2 },
          code: 'dead_letter.key_is_parked',
          message: 'copy.2 was parked behind copy.1 of the same key',
          by: [{ stage: 'copy', number: 1 }],
        },
      ],
    });
    expect(await states(job)).toBe('1:open 2:open 3:open 4:open 5:replayed');
    expect(await audited(job)).toEqual([]);
  });

  it('of letters that are not open, not there, or of a job that has ended is refused', async () => {
    const job = await jobWith([{ number: 1, state: 'discarded' }, { number: 2 }]);
    await expect(letters.replay(job, { ...ask, selection: ids(1, 2) })).rejects.toMatchObject({
      code: { code: 'dead_letter.wrong_state' },
      details: { letters: ['copy.1'] },
    });
    await expect(letters.replay(job, { ...ask, selection: ids(2, 8) })).rejects.toMatchObject({
      code: { code: 'dead_letter.unknown' },
      details: { ids: ['copy.8'] },
    });
    const ended = { ...job, status: 'COMPLETED' as const };
    await expect(letters.replay(ended, { ...ask, selection: ids(2) })).rejects.toMatchObject({
      code: { code: 'dead_letter.job_ended' },
    });
    expect(await states(job)).toBe('1:discarded 2:open');
  });

  it('takes ten thousand letters of a key at a time, the earliest first; taken back, the last first', async () => {
    const job = await jobWith(
      Array.from({ length: 10_005 }, (_, index) => ({ number: index + 1, isParked: index > 0 })),
    );
    const request = { ...ask, selection: { filter: {} }, withKey: true };
    expect(await letters.replay(job, request)).toMatchObject({ letters: 10_000, hasMore: true, keyCount: 1 });
    expect((await audited(job))[0]).toMatchObject({ details: { letters: ['copy.1-10000'] } });
    expect(await letters.replay(job, request)).toMatchObject({ letters: 5, hasMore: false });
    const back = await letters.cancelReplay(job, { ...ask, selection: ids(1) });
    expect(back).toMatchObject({
      letters: 10_000,
      hasMore: true,
      keys: [{ first: { number: 6 }, last: { number: 10_005 } }],
    });
    expect(await letters.unresolved([job.id])).toEqual(new Map([[job.id, { open: 10_000, replaying: 5 }]]));
    await letters.cancelReplay(job, { ...ask, selection: ids(1) });
    expect(await letters.unresolved([job.id])).toEqual(new Map([[job.id, { open: 10_000, replaying: 0 }]]));
  });
});

describe('a replay that is taken back', () => {
  it('leaves letters open, later parked ones of the key as well', async () => {
    const job = await jobWith(CHAIN.map((letter) => ({ ...letter, state: 'replaying' as const })));
    expect(await letters.cancelReplay(job, { ...ask, selection: ids(2), dryRun: true })).toMatchObject({ letters: 2 });
    expect(await letters.cancelReplay(job, { ...ask, selection: ids(2) })).toMatchObject({ letters: 2 });
    expect(await states(job)).toBe('1:replaying 2:open 3:replaying 4:open');
    expect((await audited(job))[0]).toMatchObject({
      action: 'dead_letter.cancel_replay',
      details: { letters: ['copy.2', 'copy.4'] },
    });
  });

  it('comes too late when the job commits at the same moment', async () => {
    const job = await jobWith([
      { number: 1, state: 'replaying' },
      { number: 2, id: '2', state: 'replaying' },
    ]);
    const engine = await database.connect();
    try {
      await engine.query('BEGIN');
      await engine.query(
        `UPDATE millrace.dead_letter SET state = 'replayed', resolved_at = now() WHERE job_id = $1 AND number = 1`,
        [job.id],
      );
      const cancelled = letters.cancelReplay(job, { ...ask, selection: ids(1, 2) });
      await untilWaiting(1);
      await engine.query('COMMIT');
      expect(await cancelled).toMatchObject({ letters: 1, keys: [{ first: { number: 2 } }] });
    } finally {
      await engine.end();
    }
    expect(await states(job)).toBe('1:replayed 2:open');
    expect((await audited(job))[0]).toMatchObject({ details: { count: 1, letters: ['copy.2'] } });
  });
});

it('a replay waits for what another person is about to take back, and is refused by it', async () => {
  const job = await jobWith(CHAIN.map((letter) => ({ ...letter, state: letter.number < 3 ? 'replaying' : 'open' })));
  const engine = await database.connect();
  let isAnswered = false;
  try {
    await engine.query('BEGIN');
    await engine.query('SELECT FROM millrace.dead_letter WHERE job_id = $1 AND number = 2 FOR UPDATE', [job.id]);
    const cancelled = letters.cancelReplay(job, { ...ask, selection: ids(1) });
    await untilWaiting(1);
    const replayed = letters
      .replay(job, { ...ask, selection: ids(4) })
      .catch((error: unknown) => error)
      .finally(() => {
        isAnswered = true;
      });
    await untilWaiting(2, () => isAnswered);
    await engine.query('COMMIT');
    expect(await cancelled).toMatchObject({ letters: 2 });
    expect(await replayed).toMatchObject({ code: { code: 'dead_letter.key_is_parked' } });
  } finally {
    await engine.end();
  }
  expect(await states(job)).toBe('1:open 2:open 3:open 4:open');
});

describe('a discard', () => {
  it('ends open letters for good, tells why, and leaves word for the job', async () => {
    const job = await jobWith([...CHAIN, { number: 5, id: '5', state: 'replaying' }]);
    const selection = { filter: { key: { id: '1' } } };
    const request = { ...ask, selection, because: 'test data' };
    expect(await letters.discard(job, { ...request, dryRun: true })).toMatchObject({ letters: 3 });
    expect(await letters.discard(job, request)).toMatchObject({ letters: 3 });
    expect(await states(job)).toBe('1:discarded 2:discarded 3:open 4:discarded 5:replaying');
    expect(await letters.get(job, { stage: 'copy', number: 1 })).toMatchObject({ resolvedAt: expect.any(Date) });
    expect(await audited(job)).toMatchObject([
      {
        action: 'dead_letter.discard',
        details: { job: job.name, because: 'test data', count: 3, letters: ['copy.1-2', 'copy.4'] },
      },
    ]);
    await expect(letters.discard(job, { ...request, selection: ids(5) })).rejects.toMatchObject({
      code: { code: 'dead_letter.wrong_state' },
    });
  });

  it('with its key takes along what is parked behind', async () => {
    const job = await jobWith(CHAIN);
    await letters.discard(job, { ...ask, selection: ids(1), withKey: true, because: 'old' });
    expect(await states(job)).toBe('1:discarded 2:discarded 3:open 4:discarded');
  });
});

it('letters go with their job, and the audit log says how many were unresolved', async () => {
  const job = await jobWith([...CHAIN, { number: 5, id: '5', state: 'replaying' }, { number: 6, state: 'replayed' }]);
  expect(await letters.removeAll(job, 'r9')).toEqual({ open: 4, replaying: 1 });
  expect(await letters.removeAll(job, 'r9')).toEqual({ open: 0, replaying: 0 });
  expect(await audited(job)).toMatchObject([{ action: 'dead_letter.delete', details: { open: 4, replaying: 1 } }]);
});

it('the audit log is read in pages, newest first', async () => {
  const job = await jobWith([{ number: 1 }]);
  await letters.replay(job, { ...ask, selection: ids(1) });
  await letters.cancelReplay(job, { ...ask, selection: ids(1) });
  const target = `job/${job.id}`;
  const first = await catalog.audit.list({ target }, { limit: 1 });
  expect(first.items.map(({ action }) => action)).toEqual(['dead_letter.cancel_replay']);
  const second = await catalog.audit.list({ target }, { limit: 1, before: first.next! });
  expect(second).toMatchObject({ items: [{ action: 'dead_letter.replay' }] });
  const third = await catalog.audit.list({ target }, { limit: 1, before: second.next! });
  expect(third).toMatchObject({ items: [{ action: 'job.create' }], next: undefined });
  expect((await catalog.audit.list({ target, action: 'dead_letter.edit' }, { limit: 1 })).items).toEqual([]);
});

it('people and the job at the same time: each letter ends once, and no parked letter is asked for before an earlier one', async () => {
  const keys = 6;
  const job = await jobWith(
    Array.from({ length: 60 }, (_, index) => ({
      number: index + 1,
      id: String(index % keys),
      isParked: index >= keys,
    })),
  );
  const where = 'job_id = $1';
  const outOfOrder = () =>
    database.query(
      `SELECT later.number FROM millrace.dead_letter later JOIN millrace.dead_letter earlier USING (job_id, stage, table_id)
       WHERE later.${where} AND later.state = 'replaying' AND earlier.state = 'open' AND earlier.number < later.number
         AND later.row_key::jsonb = earlier.row_key::jsonb`,
      [job.id],
    );
  /** The job: takes the earliest replay up, and commits it. */
  const engine = async () => {
    await database.query(
      `UPDATE millrace.dead_letter SET state = 'replayed', resolved_at = now() WHERE ${where} AND state = 'replaying'
         AND number = (SELECT min(number) FROM millrace.dead_letter WHERE ${where} AND state = 'replaying')`,
      [job.id],
    );
  };
  const refusable = (deed: Promise<unknown>) =>
    deed.catch((error: { code?: { code?: string } }) => {
      expect(error.code?.code).toMatch(/^dead_letter\.(key_is_parked|wrong_state)$/);
    });
  const person = (seed: number) => async (round: number) => {
    const number = ((round * 7 + seed * 13) % 60) + 1;
    const selection = ids(number);
    switch ((round + seed) % 4) {
      case 0:
        return refusable(letters.replay(job, { ...ask, selection, withKey: round % 3 === 0 }));
      case 1:
        return refusable(letters.cancelReplay(job, { ...ask, selection }));
      case 2:
        return refusable(letters.replay(job, { ...ask, selection: { filter: { key: { id: String(round % keys) } } } }));
      default:
        return round % 5 === 0
          ? refusable(letters.discard(job, { ...ask, selection, because: 'race' }))
          : refusable(letters.replay(job, { ...ask, selection }));
    }
  };
  await letters.discard(job, { ...ask, selection: ids(60), because: 'one at least, whoever is quicker' });
  const actors = [person(0), person(1), person(2), engine];
  await Promise.all(
    actors.map(async (act) => {
      for (let round = 0; round < 40; round++) {
        await act(round);
        expect(await outOfOrder()).toEqual([]);
      }
    }),
  );
  await letters.replay(job, { ...ask, selection: { filter: {} } });
  for (let left = 60; left > 0; left--) await engine();
  expect(await letters.unresolved([job.id])).toEqual(new Map());
  const entries = await database.query<{ letters: string }>(
    `SELECT sum((outcome.details->>'count')::int) AS letters FROM millrace.audit entry
     JOIN millrace.audit_outcome outcome ON outcome.audit_id = entry.id
     WHERE entry.target = $1 AND entry.action = 'dead_letter.discard'`,
    [`job/${job.id}`],
  );
  const [ended] = await database.query<{ discarded: string }>(
    `SELECT count(*) AS discarded FROM millrace.dead_letter WHERE ${where} AND state = 'discarded'`,
    [job.id],
  );
  expect(entries[0]!.letters ?? '0').toBe(ended!.discarded);
});
