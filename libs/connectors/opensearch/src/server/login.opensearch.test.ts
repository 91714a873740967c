import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { freePort, TestAuthority, testOpensearch } from '@millrace/testing';
import { insertBatches, numbers } from '@millrace/testing/acceptance';
import { DrivenSink } from '@millrace/testing/drivers';
import { opensearchSink } from '../sink/opensearch-sink.ts';
import { testIndex } from '../test-support/test-index.ts';

const ACCEPTED = [`Basic ${Buffer.from('shop:right').toString('base64')}`, 'ApiKey right'];
const DENIED = JSON.stringify({ error: { type: 'security_exception', reason: 'missing authentication' }, status: 401 });

let url: string;
let authority: TestAuthority;
let other: TestAuthority;
let proxy: Server;
let node: string;

/** What stands before clusters that have no security of their own: TLS, and a look at the login. */
function forward(incoming: IncomingMessage, answer: ServerResponse): void {
  if (!ACCEPTED.includes(incoming.headers.authorization ?? '')) {
    incoming.resume();
    answer.writeHead(401, { 'content-type': 'application/json' }).end(DENIED);
    return;
  }
  const { method, headers } = incoming;
  const onward = request(new URL(incoming.url!, url), { method, headers }, (got) => {
    answer.writeHead(got.statusCode!, got.headers);
    got.pipe(answer);
  });
  incoming.pipe(onward);
}

beforeAll(async () => {
  ({ url } = await testOpensearch());
  [authority, other] = [await TestAuthority.make('cluster'), await TestAuthority.make('somebody else')];
  const { certificate: cert, key } = await authority.sign('localhost', ['localhost']);
  proxy = createServer({ cert, key }, forward);
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  node = `https://localhost:${(proxy.address() as AddressInfo).port}`;
});
afterAll(() => {
  proxy.closeAllConnections();
  proxy.close();
});

it.each([
  ['a user', { user: 'shop', password: 'right' }],
  ['an API key', { apiKey: 'right' }],
])('writes over TLS with %s, at the node that answers', async (_, login) => {
  await using index = testIndex(url);
  const away = `https://localhost:${await freePort()}`;
  const config = { nodes: [away, node], ca: authority.certificate, ...login };
  await using sink = await DrivenSink.start(opensearchSink, { config, stage: index.stage });
  await sink.write(...insertBatches(0, 20));
  await sink.prepare(1);
  expect((await index.documents()).map(({ _source }) => _source['id'])).toEqual(numbers(0, 20));
});

it('tells a wrong login from a certificate that does not hold', async () => {
  const findings = async (more: object): Promise<readonly string[]> => {
    const config = opensearchSink.config.parse({ nodes: [node], ca: authority.certificate, apiKey: 'right', ...more });
    const found = await opensearchSink.check(config, new AbortController().signal);
    expect(JSON.stringify(found)).not.toContain('planted');
    return found.map(({ code }) => code);
  };
  expect(await findings({})).toEqual(['opensearch.reachable']);
  expect(await findings({ apiKey: 'planted' })).toEqual(['opensearch.login_refused']);
  expect(await findings({ ca: other.certificate })).toEqual(['opensearch.certificate_refused']);
});
