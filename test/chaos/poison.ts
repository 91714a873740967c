import { systemClock } from '@millrace/kernel';
import { SeededRandom, type TestDatabase } from '@millrace/testing';
import { type Figures, isLoaded } from '../../apps/cli/src/demo/live-line.ts';
import { type Platform, startPlatform } from '../../apps/cli/src/demo/platform.ts';
import type { RestClient } from '../../apps/cli/src/rest-client.ts';

export interface PoisonOptions {
  /** Changes that the source commits. */
  readonly rows: number;
  /** How many of them no stage can take: half of them fail in an expression, half are refused by the target. */
  readonly poison: number;
  /** Of the worker, while the changes come and while the letters come back. */
  readonly kills: number;
  readonly seed: number;
  readonly show: (line: string) => void;
}

export interface PoisonResult {
  readonly scenario: 'poison';
  readonly seed: number;
  readonly rows: number;
  readonly poison: number;
  readonly kills: number;
  /** Records that were set aside, with those parked behind others. */
  readonly letters: number;
  readonly refused: number;
  /** Letters that nothing explains, or that are missing. */
  readonly wrongLetters: number;
  /** Rows that are not as they must be while the letters are open, and after the replay. */
  readonly wrongBefore: number;
  readonly wrongAfter: number;
}

/** Versions of each row. */
const VERSIONS = 10;
const WAIT_MS_MAX = 600_000;
const POLL_MS = 250;
const JOB = 'probe';

interface Group {
  readonly reason: string;
  readonly counts: Readonly<Record<'open' | 'replaying' | 'replayed' | 'discarded', number>>;
}

const withPassword = ({ password, ...connection }: TestDatabase['connection']) => ({
  ...connection,
  ssl: 'disable',
  ...(password === undefined ? {} : { password }),
});

/** Rows that differ from what the query says they must be. */
async function wrongRows(target: TestDatabase, expected: readonly { id: number; version: number }[]): Promise<number> {
  const found = await target.query<{ id: number; version: number }>('select id, version from probe');
  const versions = new Map(found.map(({ id, version }) => [id, version]));
  return expected.filter(({ id, version }) => versions.get(id) !== version).length + found.length - expected.length;
}

async function until(rest: RestClient, what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = systemClock.monotonicMs() + WAIT_MS_MAX;
  while (!(await holds().catch(() => false))) {
    if (systemClock.monotonicMs() > deadline) {
      const job = await rest.peek<Record<'status' | 'error' | 'deadLetters', unknown>>(`jobs/${JOB}`);
      const { status, error, deadLetters } = job ?? {};
      throw new Error(
        `${what}: not within ${WAIT_MS_MAX / 1_000} s; ${JSON.stringify({ status, error, deadLetters })}`,
      );
    }
    await systemClock.sleep(POLL_MS);
  }
}

async function start({ rest, source, target }: Platform): Promise<void> {
  await source.query('create table probe (id int primary key, version int not null, note text not null)');
  // A version that goes back is refused as well: then letters would stay open.
  await target.query(`
    create table probe (id int primary key, version int not null, note int not null constraint small check (note < 1000));
    create function forward_only() returns trigger language plpgsql as $$
      begin
        if new.version <= old.version then raise exception 'version % after %', new.version, old.version using errcode = '23514'; end if;
        return new;
      end $$;
    create trigger forward_only before update on probe for each row when (old.* is distinct from new.*) execute function forward_only()`);
  await rest.post('sources', { name: 'shop', type: 'postgres', config: withPassword(source.connection) });
  await rest.post('sinks', { name: 'warehouse', type: 'jdbc', config: withPassword(target.connection) });
  const onError = { action: 'dead-letter', parkKeys: true, openMax: 100_000 };
  const select = { id: 'after.id', version: 'after.version', note: 'after.note::int4' };
  const stages = {
    changes: { source: 'shop', tables: ['public.probe'] },
    parsed: { input: 'changes', select, onError },
    stored: { input: 'parsed', sink: 'warehouse', mode: 'upsert', onError },
  };
  await rest.post('jobs', { name: JOB, snapshotInterval: '500ms', stages });
  await until(rest, 'the job streams', async () => {
    const figures = await rest.peek<Figures>(`jobs/${JOB}/metrics`);
    return figures?.snapshot !== undefined && isLoaded(figures);
  });
}

/** Many changes, a few of which no stage can take; each key keeps its order, nothing is lost or doubled, and all arrives after an edit and a replay. */
export async function runPoison(options: PoisonOptions): Promise<PoisonResult> {
  const { rows, poison, kills, seed, show } = options;
  show(`chaos poison: seed ${seed}, ${rows} changes, ${poison} of them poison, ${kills} kills`);
  const random = new SeededRandom(seed);
  await using platform = await startPlatform({ workers: 1, show: () => {} });
  const { rest, source, target } = platform;
  await start(platform);
  const ids = Math.floor(rows / VERSIONS);
  // By row: in which version it is poison, and which kind.
  const poisoned = new Map<number, { readonly version: number; readonly kind: 'text' | 'large' }>();
  while (poisoned.size < poison) {
    const id = 1 + Math.floor(random.next() * ids);
    const version = Math.floor(random.next() * VERSIONS);
    poisoned.set(id, { version, kind: poisoned.size % 2 === 0 ? 'text' : 'large' });
  }
  const kill = async (): Promise<void> => {
    await platform.workers[0]!.kill();
    await platform.workers[0]!.start();
    show('worker killed');
  };
  const killAt = new Set(Array.from({ length: kills - 1 }, (_, index) => Math.floor(((index + 1) * VERSIONS) / kills)));
  for (let version = 0; version < VERSIONS; version++) {
    const all = [...poisoned];
    const text = all.filter(([, each]) => each.kind === 'text' && each.version === version).map(([id]) => id);
    // They stay large: a sink that is behind writes only the newest of several versions, and would never meet one that was large for a while.
    const large = all.filter(([, each]) => each.kind === 'large' && each.version <= version).map(([id]) => id);
    const note = `case when id = any ($2) then 'none' when id = any ($3) then '5000' else ($1::int)::text end`;
    await source.query(
      version === 0
        ? `insert into probe select id, $1, ${note} from generate_series(1, $4::int) id`
        : `update probe set version = $1, note = ${note} where id <= $4`,
      [version, text, large, ids],
    );
    if (killAt.has(version)) await kill();
  }

  const groups = async (): Promise<readonly Group[]> =>
    (await rest.get<{ readonly items: readonly Group[] }>(`jobs/${JOB}/dead-letters/groups`)).items;
  const count = async (
    state: keyof Group['counts'],
    isCounted: (reason: string) => boolean = () => true,
  ): Promise<number> =>
    (await groups()).filter(({ reason }) => isCounted(reason)).reduce((sum, { counts }) => sum + counts[state], 0);
  // A poisoned row stays at the version before, and everything of it from there on is a letter.
  const letters = [...poisoned.values()].reduce((sum, { version }) => sum + VERSIONS - version, 0);
  const before = Array.from({ length: ids }, (_, index) => ({
    id: index + 1,
    version: (poisoned.get(index + 1)?.version ?? VERSIONS) - 1,
  })).filter(({ version }) => version >= 0);
  await until(
    rest,
    'the rest arrives',
    async () => (await wrongRows(target, before)) === 0 && (await count('open')) >= letters,
  );
  const wrongBefore = await wrongRows(target, before);
  const refused = await count('open', (reason) => reason !== 'dead_letter.parked');
  const wrongLetters = Math.abs((await count('open')) - letters) + Math.abs(refused - poison);
  show(`${letters} letters, ${refused} of them refused; repairing ...`);

  for (let cursor = ''; ; ) {
    const page = await rest.get<{ items: { id: string }[]; nextCursor: string | null }>(
      `jobs/${JOB}/dead-letters?reason=sql.invalid_text&limit=100${cursor}`,
    );
    for (const { id } of page.items) await rest.patch(`jobs/${JOB}/dead-letters/${id}`, { after: { note: '7' } });
    if (page.nextCursor === null) break;
    cursor = `&cursor=${encodeURIComponent(page.nextCursor)}`;
  }
  await target.query('alter table probe drop constraint small');
  for (let hasMore = true; hasMore; ) {
    ({ hasMore } = await rest.post<{ hasMore: boolean }>(`jobs/${JOB}/dead-letters/replay`, { filter: {} }));
  }
  if (kills > 0) await kill();
  const after = Array.from({ length: ids }, (_, index) => ({ id: index + 1, version: VERSIONS - 1 }));
  await until(rest, 'the letters come back', async () => (await count('replayed')) >= letters);
  await until(rest, 'the target has all', async () => (await wrongRows(target, after)) === 0);
  return {
    scenario: 'poison',
    seed,
    rows,
    poison,
    kills,
    letters,
    refused,
    wrongLetters,
    wrongBefore,
    wrongAfter:
      (await wrongRows(target, after)) + (await count('open')) + Math.abs((await count('replayed')) - letters),
  };
}
