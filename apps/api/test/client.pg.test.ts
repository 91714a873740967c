import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiProblem, createClient } from '@millrace/sdk/client';
import { fixtureConnectors } from './fixture-connectors.ts';
import { startApi, type TestApi } from './start-api.ts';

describe('the client made from the OpenAPI document', () => {
  let api: TestApi;
  let baseUrl: string;

  beforeAll(async () => {
    api = await startApi(fixtureConnectors);
    await api.app.listen(0, '127.0.0.1');
    baseUrl = await api.app.getUrl();
  });
  afterAll(async () => {
    await api[Symbol.asyncDispose]();
  });

  it('registers, reads and lists with types', async () => {
    const client = createClient({ baseUrl });
    const made = await client.POST('/api/v1/sources', {
      body: { name: 'shop', type: 'fixture', config: { host: 'h' } },
    });
    expect(made.data).toMatchObject({ name: 'shop', type: 'fixture', version: 1 });
    const read = await client.GET('/api/v1/sources/{id}', { params: { path: { id: 'shop' } } });
    expect(read.data).toEqual(made.data);
    const listed = await client.GET('/api/v1/sources', { params: { query: { limit: 1 } } });
    expect(listed.data?.items).toEqual([made.data]);
  });

  it('throws the problem document of a refused request', async () => {
    const client = createClient({ baseUrl });
    const failed = client.GET('/api/v1/jobs/{id}', { params: { path: { id: 'nobody' } } });
    await expect(failed).rejects.toThrow(ApiProblem);
    await expect(failed).rejects.toMatchObject({ code: 'job.unknown', problem: { status: 404 } });
  });

  it('says so when nobody answers, or somebody else', async () => {
    const nobody = createClient({ baseUrl: 'http://127.0.0.1:9' });
    await expect(nobody.GET('/api/v1/jobs')).rejects.toMatchObject({ code: 'client.no_answer' });
    const other = createClient({ baseUrl, fetch: async () => new Response('<html>', { status: 502 }) });
    await expect(other.GET('/api/v1/jobs')).rejects.toMatchObject({ code: 'client.unexpected_answer' });
  });

  it('makes keys, whose answers the API keeps for no Idempotency-Key', async () => {
    const first = await createClient({ baseUrl }).POST('/api/v1/first-key', { body: { name: 'admin' } as never });
    const client = createClient({ baseUrl, apiKey: first.data!.key });
    const made = await client.POST('/api/v1/api-keys', { body: { name: 'ci', role: 'viewer' } as never });
    const path = { id: made.data!.id };
    const rotated = await client.POST('/api/v1/api-keys/{id}/rotate', { params: { path }, body: {} as never });
    expect(rotated.data!.key).not.toBe(made.data!.key);
    expect((await client.GET('/api/v1/me')).data).toMatchObject({ role: 'admin' });
  });
});
