import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { toErrorRecord, ulids } from '@millrace/kernel';
import { testPostgres } from '@millrace/testing';
import { catalogDataSource } from './data-source.ts';
import { Catalog, SecretBox } from './index.ts';

const key = (fill: number): string => Buffer.alloc(32, fill).toString('base64');
const secretBox = SecretBox.of(key(1));
const PASSWORD = 'correct horse battery staple';

let database: Awaited<ReturnType<Awaited<ReturnType<typeof testPostgres>>['createDatabase']>>;
let catalog: Catalog;

beforeAll(async () => {
  database = await (await testPostgres()).createDatabase('catalog');
  // Two processes starting at once on an empty database: both must come up.
  const [first, second] = await Promise.all([
    Catalog.open({ url: database.url, secretBox, env: { SHOP_PASSWORD: PASSWORD } }),
    Catalog.open({ url: database.url, secretBox, env: {} }),
  ]);
  await second[Symbol.asyncDispose]();
  catalog = first;
});
afterAll(async () => {
  await catalog[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const source = (name: string, secrets: Record<string, string> = { password: PASSWORD }) =>
  catalog.sources.create(ulids.next(), { name, type: 'postgres', config: { host: 'localhost' }, secrets });
const sink = (name: string) => catalog.sinks.create(ulids.next(), { name, type: 'jdbc', config: {}, secrets: {} });
const job = async (name: string, uses = { source: [] as string[], sink: [] as string[] }) =>
  catalog.jobs.create(ulids.next(), { name, document: { name }, uses });

describe('migrations', () => {
  it('leave nothing for the entities to add', async () => {
    const dataSource = await catalogDataSource(database.url).initialize();
    try {
      const pending = await dataSource.driver.createSchemaBuilder().log();
      const columns = pending.upQueries
        .map(({ query }) => query)
        .filter((query) => /ADD "|DROP COLUMN|CREATE TABLE/.test(query));
      expect(columns).toEqual([]);
    } finally {
      await dataSource.destroy();
    }
  });

  it('go down and up again', async () => {
    await using other = await (await testPostgres()).createDatabase('catalog');
    await (await Catalog.open({ url: other.url, secretBox, env: {} }))[Symbol.asyncDispose]();
    const dataSource = await catalogDataSource(other.url).initialize();
    await dataSource.undoLastMigration();
    expect(await dataSource.runMigrations()).toHaveLength(1);
    await dataSource.destroy();
  });

  it('say which database cannot be used, without its password', async () => {
    const url = new URL(database.url);
    url.pathname = '/absent';
    url.password = 'hunter2hunter2';
    const error = await Catalog.open({ url: url.toString(), secretBox, env: {} }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: { code: 'catalog.unavailable' } });
    expect(JSON.stringify(toErrorRecord(error).message)).not.toContain('hunter2');
  });
});

describe('definitions', () => {
  it('keep secrets encrypted and resolve them', async () => {
    const made = await source('shop');
    expect(made).toMatchObject({ name: 'shop', type: 'postgres', config: { host: 'localhost' }, version: 1 });
    const stored = await database.query<{ text: string }>('SELECT row_to_json(s)::text AS text FROM millrace.source s');
    expect(stored.map(({ text }) => text).join()).not.toContain(PASSWORD);
    expect(await catalog.definitions.resolve('source', 'shop')).toEqual({
      id: made.id,
      name: 'shop',
      type: 'postgres',
      config: { host: 'localhost', password: PASSWORD },
    });
  });

  it('resolve references where they are used', async () => {
    await source('by-env', { password: '${env:SHOP_PASSWORD}' });
    expect((await catalog.definitions.resolve('source', 'by-env')).config).toMatchObject({ password: PASSWORD });
    await source('by-absent-env', { password: '${env:ABSENT}' });
    await expect(catalog.definitions.resolve('source', 'by-absent-env')).rejects.toMatchObject({
      code: { code: 'secret.reference_unresolved' },
      pointer: '/password',
      message: expect.stringContaining('ABSENT'),
    });
  });

  it('are sealed anew after the key has changed, as far as a key of ours opens them', async () => {
    await using other = await (await testPostgres()).createDatabase('catalog');
    const open = (box: SecretBox) => Catalog.open({ url: other.url, secretBox: box, env: {} });
    const password = {
      name: 'rotated',
      type: 'postgres',
      config: {},
      secrets: { password: PASSWORD, token: '${env:TOKEN}' },
    };
    await using before = await open(SecretBox.of(key(1)));
    const made = await before.sources.create(ulids.next(), password);
    await using rotating = await open(SecretBox.of(key(2), key(1)));
    expect(await rotating.sources.reseal()).toEqual([]);
    await using after = await open(SecretBox.of(key(2)));
    const resealed = await after.sources.get('rotated');
    expect(after.sources.unseal(resealed, 'password')).toBe(PASSWORD);
    expect(resealed).toMatchObject({ version: 1, secrets: { token: '${env:TOKEN}' } });
    expect(resealed.secrets.password).not.toBe(made.secrets.password);
    await using stranger = await open(SecretBox.of(key(3)));
    expect(await stranger.sources.reseal()).toEqual(['rotated']);
    expect(await after.sources.get('rotated')).toEqual(resealed);
  });

  it('make one definition for one id, and refuse a taken name', async () => {
    const id = ulids.next();
    const input = { name: 'twice', type: 'postgres', config: {}, secrets: {} };
    const first = await catalog.sources.create(id, input);
    expect(await catalog.sources.create(id, input)).toEqual(first);
    await expect(source('twice')).rejects.toMatchObject({ code: { code: 'source.name_taken' }, pointer: '/name' });
  });

  it('are found by id or name; an unknown one names its neighbours', async () => {
    const made = await source('warehouse-db');
    expect(await catalog.sources.get(made.id)).toEqual(made);
    for (const odd of ['\0', '', 'a b', "'", 'x'.repeat(5_000)])
      expect(await catalog.sources.find(odd)).toBeUndefined();
    await expect(catalog.sources.get('wharehouse-db')).rejects.toMatchObject({
      code: { code: 'source.unknown' },
      mend: 'Did you mean "warehouse-db"?',
    });
  });

  it('are changed only from the version that was read', async () => {
    const made = await source('versions');
    const input = { name: 'versions', type: 'postgres', config: { host: 'a' }, secrets: { password: 'new' }, kept: {} };
    const changed = await catalog.sources.replace(made.id, input, 1);
    expect(changed).toMatchObject({ config: { host: 'a' }, version: 2 });
    await expect(catalog.sources.replace(made.id, input, 1)).rejects.toMatchObject({
      code: { code: 'catalog.version_conflict' },
    });
    await expect(catalog.sources.delete('versions', 1)).rejects.toMatchObject({
      code: { code: 'catalog.version_conflict' },
    });
    expect(catalog.sources.unseal(changed, 'password')).toBe('new');
  });

  it('cannot be deleted or renamed under a job', async () => {
    const used = await source('used');
    await sink('used-sink');
    const made = await job('user-of-used', { source: ['used'], sink: ['used-sink'] });
    const inUse = { code: { code: 'source.in_use' }, details: { jobs: ['user-of-used'] } };
    await expect(catalog.sources.delete('used')).rejects.toMatchObject(inUse);
    const renamed = { name: 'renamed', type: 'postgres', config: {}, secrets: {}, kept: {} };
    await expect(catalog.sources.replace(used.id, renamed, 1)).rejects.toMatchObject(inUse);
    await catalog.jobs.cancel(made.id);
    await catalog.jobs.delete(made.id);
    await catalog.sources.delete('used');
    expect(await catalog.sources.find('used')).toBeUndefined();
  });

  it('are listed in pages', async () => {
    const names: string[] = [];
    for (let after: string | undefined, more = true; more; ) {
      const page = await catalog.sources.list({ limit: 2, after });
      expect(page.items.length).toBeLessThanOrEqual(2);
      names.push(...page.items.map(({ name }) => name));
      after = page.next;
      more = after !== undefined;
    }
    expect([...names].sort()).toEqual([...(await catalog.sources.names())]);
  });
});

describe('jobs', () => {
  it('keep the order of the document', async () => {
    const document = { name: 'ordered', stages: { zebra: { select: { zz: 'a', b: 'c', a: 'd' } }, a: {} } };
    const made = await catalog.jobs.create(ulids.next(), { name: 'ordered', document, uses: { source: [], sink: [] } });
    expect(JSON.stringify(made.document)).toBe(JSON.stringify(document));
  });

  it('name a definition that vanished between validation and creation', async () => {
    await expect(job('orphan', { source: ['vanished'], sink: [] })).rejects.toMatchObject({
      code: { code: 'source.unknown' },
    });
    expect(await catalog.jobs.find('orphan')).toBeUndefined();
  });

  it('let only the newest execution write', async () => {
    const { id } = await job('fencing');
    expect(await catalog.jobs.begin(id, 1)).toMatchObject({ status: 'STARTING', generation: 1 });
    await catalog.jobs.setStatus(id, 1, 'RUNNING');
    expect(await catalog.jobs.begin(id, 2)).toMatchObject({ status: 'STARTING', generation: 2 });
    await expect(catalog.jobs.setStatus(id, 1, 'FAILED')).rejects.toMatchObject({ code: { code: 'job.fenced' } });
    await expect(catalog.jobs.begin(id, 1)).rejects.toMatchObject({ code: { code: 'job.fenced' } });
    await expect(catalog.jobs.begin(id, 2)).rejects.toMatchObject({ code: { code: 'job.fenced' } });
    expect(await catalog.jobs.get(id)).toMatchObject({ status: 'STARTING', generation: 2, error: null });
  });

  it('fail with the error and without its stack, and run again after resume', async () => {
    const { id } = await job('failing');
    await catalog.jobs.begin(id, 1);
    await catalog.jobs.setStatus(id, 1, 'FAILED', { error: toErrorRecord(new Error('a row the sink refuses')) });
    const failed = await catalog.jobs.get(id);
    expect(failed.error).toMatchObject({ code: 'internal', message: 'a row the sink refuses' });
    expect(failed.error).not.toHaveProperty('stack');
    expect((await catalog.jobs.listRunnable()).map((runnable) => runnable.id)).not.toContain(id);
    expect(await catalog.jobs.begin(id, 2)).toBeUndefined();
    await expect(catalog.jobs.suspend(id)).rejects.toMatchObject({ code: { code: 'job.wrong_state' } });
    expect(await catalog.jobs.resume(id)).toMatchObject({ status: 'NOT_RUNNING', desired: 'running', error: null });
    expect((await catalog.jobs.listRunnable()).map((runnable) => runnable.id)).toContain(id);
  });

  it('take every command twice', async () => {
    const { id } = await job('commands');
    for (const _ of [1, 2]) expect((await catalog.jobs.suspend(id)).desired).toBe('suspended');
    for (const _ of [1, 2]) expect((await catalog.jobs.resume(id)).desired).toBe('running');
    expect((await catalog.jobs.restart(id)).restartRequested).toBe(1);
    for (const _ of [1, 2]) expect((await catalog.jobs.cancel(id)).desired).toBe('cancelled');
    await expect(catalog.jobs.resume(id)).rejects.toMatchObject({ code: { code: 'job.wrong_state' } });
    expect(await catalog.jobs.begin(id, 9)).toBeUndefined();
  });

  it('are deleted in two halves, and never while active', async () => {
    const { id } = await job('deleting');
    await expect(catalog.jobs.retire(id)).rejects.toMatchObject({ code: { code: 'job.active' } });
    await catalog.jobs.begin(id, 1);
    await catalog.jobs.cancel(id);
    await expect(catalog.jobs.retire(id)).rejects.toMatchObject({ code: { code: 'job.active' } });
    await catalog.jobs.setStatus(id, 1, 'COMPLETED');
    await expect(catalog.jobs.retire(id, 1)).rejects.toMatchObject({ code: { code: 'catalog.version_conflict' } });
    for (const _ of [1, 2]) await catalog.jobs.retire(id);
    for (const _ of [1, 2]) await catalog.jobs.delete(id);
    expect(await catalog.jobs.find(id)).toBeUndefined();
    await expect(catalog.jobs.setStatus(id, 1, 'RUNNING')).rejects.toMatchObject({ code: { code: 'job.unknown' } });
  });
});

describe('the witness', () => {
  const witness = (jobId: string, snapshotId: number, generation: number, stateHash = `hash-${snapshotId}`) => ({
    jobId,
    snapshotId,
    generation,
    state: Buffer.from([0, 255, snapshotId]),
    stateHash,
    takenAt: new Date(1_000),
  });

  it('goes forward only', async () => {
    const { id } = await job('witnessed');
    expect(await catalog.witness.read(id)).toBeUndefined();
    await catalog.witness.write(witness(id, 3, 2));
    await catalog.witness.write(witness(id, 3, 2)); // the same again: an answer that got lost
    for (const older of [witness(id, 2, 2), witness(id, 4, 1), witness(id, 3, 3), witness(id, 3, 2, 'other')]) {
      await expect(catalog.witness.write(older)).rejects.toMatchObject({ code: { code: 'job.fenced' } });
    }
    expect(await catalog.witness.read(id)).toEqual(witness(id, 3, 2));
    await catalog.witness.write({ ...witness(id, 4, 3), state: null });
    expect(await catalog.witness.read(id)).toMatchObject({ snapshotId: 4, generation: 3, state: null });
  });

  it('belongs to a job', async () => {
    await expect(catalog.witness.write(witness(ulids.next(), 1, 1))).rejects.toMatchObject({
      code: { code: 'job.unknown' },
    });
  });
});

describe('idempotency keys', () => {
  const claim = (key: string, body: string) =>
    catalog.idempotency.claim({ route: 'POST /x', key, body, resourceId: ulids.next() });

  it('give the first answer to the same body, and refuse another body', async () => {
    const first = await claim('a', 'body');
    expect(first.kind).toBe('claimed');
    expect(await claim('a', 'body')).toEqual({ kind: 'busy' });
    await catalog.idempotency.answer('POST /x', 'a', 201, { id: 1 });
    expect(await claim('a', 'body')).toEqual({ kind: 'answered', status: 201, body: { id: 1 } });
    expect(await claim('a', 'other')).toEqual({ kind: 'mismatch' });
  });

  it('may be used again when the request was refused', async () => {
    await claim('b', 'bad');
    await catalog.idempotency.release('POST /x', 'b');
    expect((await claim('b', 'good')).kind).toBe('claimed');
  });

  it('hand a claim whose process died to the second try, with the id that was fixed', async () => {
    const first = await claim('c', 'body');
    await database.query(
      `UPDATE millrace.idempotency_key SET claimed_at = now() - interval '2 minutes' WHERE key = 'c'`,
    );
    expect(await claim('c', 'body')).toEqual(first);
    expect(await claim('c', 'body')).toEqual({ kind: 'busy' });
  });
});
