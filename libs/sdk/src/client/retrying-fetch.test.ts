import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createClient } from './create-client.ts';

type Outcome = number | 'cut';

let server: Server;
let baseUrl: string;
/** What the server does with the requests to come; 200 when there is nothing. */
let outcomes: Outcome[];
let seen: { readonly line: string; readonly key: string | undefined; readonly body: string }[];

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

beforeEach(async () => {
  outcomes = [];
  seen = [];
  server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const key = request.headers['idempotency-key'] as string | undefined;
      seen.push({ line: `${request.method} ${request.url}`, key, body });
      const outcome = outcomes.shift() ?? 200;
      if (outcome === 'cut') request.socket.destroy();
      else response.writeHead(outcome, { 'content-type': 'application/json' }).end('{"items":[]}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const client = (tries = 4) => createClient({ baseUrl, retry: { tries, firstMs: 1, mostMs: 2 } });
const source = { name: 'shop', type: 'postgres', config: {} };

describe('the client tries again', () => {
  it('a POST with one key and the same body, when no answer came and when the answer says later', async () => {
    outcomes = ['cut', 503, 429];
    await client().POST('/api/v1/sources', { body: source });
    expect(seen.map(({ line }) => line)).toEqual(Array.from({ length: 4 }, () => 'POST /api/v1/sources'));
    expect(new Set(seen.map(({ body }) => body))).toEqual(new Set([JSON.stringify(source)]));
    expect(new Set(seen.map(({ key }) => key)).size).toBe(1);
    expect(seen[0]!.key).toMatch(/^[0-9A-Z]{26}$/);
    await client().POST('/api/v1/sources', { body: source });
    expect(seen.at(-1)!.key).not.toBe(seen[0]!.key);
  });

  it('with the key of the caller, when he gives one', async () => {
    outcomes = [502];
    await client().POST('/api/v1/sources', { body: source, headers: { 'idempotency-key': 'mine' } });
    expect(seen.map(({ key }) => key)).toEqual(['mine', 'mine']);
  });

  it('a GET and a DELETE, without a key', async () => {
    outcomes = [504, 200, 'cut'];
    await client().GET('/api/v1/sources');
    await client().DELETE('/api/v1/sources/{id}', { params: { path: { id: 'shop' } } });
    expect(seen.map(({ line, key }) => [line, key])).toEqual([
      ['GET /api/v1/sources', undefined],
      ['GET /api/v1/sources', undefined],
      ['DELETE /api/v1/sources/shop', undefined],
      ['DELETE /api/v1/sources/shop', undefined],
    ]);
  });

  it('no more often than it may, and not what was refused', async () => {
    outcomes = [503, 503, 422];
    await expect(client(2).GET('/api/v1/sources')).rejects.toMatchObject({ problem: { status: 503 } });
    await expect(client().GET('/api/v1/sources')).rejects.toMatchObject({ problem: { status: 422 } });
    expect(seen).toHaveLength(3);
  });

  it('no PATCH, and nothing whose answer is shown once, which carries no key', async () => {
    outcomes = [503, 503, 503, 503];
    const path = { id: 'ci' };
    const calls = [
      client().PATCH('/api/v1/sources/{id}', { params: { path }, body: {} }),
      client().POST('/api/v1/first-key', { body: { name: 'admin' } as never }),
      client().POST('/api/v1/api-keys', { body: { name: 'ci', role: 'viewer' } as never }),
      client().POST('/api/v1/api-keys/{id}/rotate', { params: { path }, body: {} as never }),
    ];
    for (const call of calls) await expect(call).rejects.toMatchObject({ problem: { status: 503 } });
    expect(seen).toHaveLength(4);
    expect(new Set(seen.map(({ key }) => key))).toEqual(new Set([undefined]));
  });
});
