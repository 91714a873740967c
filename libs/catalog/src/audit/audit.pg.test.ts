import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ulids } from '@millrace/kernel';
import { type TestDatabase, testPostgres } from '@millrace/testing';
import { Catalog } from '../catalog.ts';
import { SecretBox } from '../secret-box.ts';
import { type AuditOrigin, noteChange, runInAuditScope } from './audit-scope.ts';

const ORIGIN: AuditOrigin = {
  actor: { kind: 'key', keyId: null, name: 'ada', role: 'editor' },
  requestId: 'r',
  address: '127.0.0.1',
  request: 'POST /x',
};

let database: TestDatabase;
let catalog: Catalog;
const open = () =>
  Catalog.open({ url: database.url, secretBox: SecretBox.of(randomBytes(32).toString('base64')), env: {} });
beforeAll(async () => {
  database = await (await testPostgres()).createDatabase('audit');
  catalog = await open();
});
afterAll(async () => {
  await catalog[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const newest = async (target: string) => (await catalog.audit.list({ target }, { limit: 10 })).items;

describe('the audit log', () => {
  it('is only added to: the database refuses to change or remove an entry', async () => {
    const scope = await catalog.audit.begin({ action: 'x.do', target: 'x/1' }, ORIGIN);
    await catalog.audit.end(scope, { outcome: 'done' });
    for (const sql of [
      `UPDATE millrace.audit SET actor_name = 'eve'`,
      'DELETE FROM millrace.audit',
      'TRUNCATE millrace.audit CASCADE',
      `UPDATE millrace.audit_outcome SET outcome = 'refused'`,
      'DELETE FROM millrace.audit_outcome',
      'TRUNCATE millrace.audit_outcome',
    ])
      await expect(database.query(sql)).rejects.toThrow(/append-only/);
    expect(await newest('x/1')).toMatchObject([{ actor: { name: 'ada' }, outcome: 'done' }]);
    // What became of it is said once.
    await catalog.audit.end(scope, { outcome: 'failed' });
    expect(await newest('x/1')).toMatchObject([{ outcome: 'done' }]);
  });

  it('loses old entries with their outcomes, and no young ones', async () => {
    await database.query(
      `INSERT INTO millrace.audit (at, action, target, details) SELECT now() - interval '40 days', 'x.old', 'x/old', '{}' FROM generate_series(1, 3)`,
    );
    await database.query(
      `INSERT INTO millrace.audit_outcome (audit_id, outcome) SELECT id, 'done' FROM millrace.audit WHERE action = 'x.old'`,
    );
    const before = (await catalog.audit.list({}, { limit: 200 })).items.length;
    expect(await catalog.audit.purge(50)).toBe(0);
    // Less than the database keeps is not removed.
    expect(await catalog.audit.purge(1)).toBe(3);
    expect((await catalog.audit.list({}, { limit: 200 })).items.length).toBe(before - 3);
  });

  it('has the outcome in the transaction of the change: of a change that is rolled back there is none', async () => {
    const input = { name: 'twice', type: 'fixture', config: {}, secrets: {} };
    await catalog.sources.create(ulids.next(), input);
    const scope = await catalog.audit.begin({ action: 'source.create', target: 'source' }, ORIGIN);
    await expect(runInAuditScope(scope, () => catalog.sources.create(ulids.next(), input))).rejects.toMatchObject({
      code: { code: 'source.name_taken' },
    });
    expect(await newest('source')).toMatchObject([{ outcome: 'unknown', after: null }]);
    await catalog.audit.end(scope, { outcome: 'refused', code: 'source.name_taken' });
    expect(await newest('source')).toMatchObject([{ outcome: 'refused', code: 'source.name_taken' }]);
  });

  it('keeps what a change outside the catalog notes, and masks secrets that show by their form', async () => {
    const scope = await catalog.audit.begin({ action: 'slot.delete', target: 'source/s' }, ORIGIN);
    runInAuditScope(scope, () => noteChange({ before: { url: 'postgres://u:hunter2@h/d' }, after: { gone: true } }));
    await catalog.audit.end(scope, { outcome: 'done' });
    expect(await newest('source/s')).toMatchObject([
      { before: { url: 'postgres://u:********@h/d' }, after: { gone: true } },
    ]);
  });

  it('what is done without a request is the system’s', async () => {
    const id = ulids.next();
    await catalog.sinks.create(id, { name: 'own', type: 'fixture', config: {}, secrets: {} });
    expect(await newest(`sink/${id}`)).toMatchObject([{ actor: { kind: 'system' }, outcome: 'done', requestId: null }]);
  });

  it('no two processes that make the first key both do; a lost one is recovered when no admin’s key works', async () => {
    await using other = await open();
    const results = await Promise.allSettled(
      [catalog, other, catalog, other].map((each, index) =>
        each.apiKeys.createFirst(ulids.next(), { name: `root-${index}`, createdBy: 'test', expiresInMs: undefined }),
      ),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await expect(
      catalog.apiKeys.createFirst(
        ulids.next(),
        { name: 'again', createdBy: 'test', expiresInMs: undefined },
        { recover: true },
      ),
    ).rejects.toMatchObject({ code: { code: 'access.first_key_exists' } });
    await database.query(`UPDATE millrace.api_key SET expires_at = now() - interval '1 second'`);
    const recovered = await catalog.apiKeys.createFirst(
      ulids.next(),
      { name: 'again', createdBy: 'test', expiresInMs: undefined },
      { recover: true },
    );
    expect(await catalog.apiKeys.authenticate(recovered.text)).toMatchObject({ name: 'again', role: 'admin' });
    const foreign = await catalog.apiKeys
      .authenticate(recovered.text.replace(/^mlr_./, 'mlr_7'))
      .catch((error) => error);
    expect(foreign).toMatchObject({ code: { code: 'access.key_mistyped' } });
  });
});
