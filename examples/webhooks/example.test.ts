import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { freePort } from '@millrace/testing';
import { startPlatform } from '../../apps/cli/src/demo/platform.ts';
import { startCrm } from './crm.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const TOKEN = 'token-of-the-shop';
const ORDERS = 12;
const KILLS = new Set([5]);

type Document = Record<string, unknown> & { config: Record<string, unknown> };
const document = (name: string): Document =>
  JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as Document;

it('takes orders by HTTP into a table and tells a service of each once, under kill -9', async () => {
  const told: string[] = [];
  const crm = startCrm(SECRET, 0, ({ type, data }) => void told.push(`${type.split('.')[2]} ${data.id} ${data.total}`));
  await once(crm, 'listening');
  const env = { ORDERS_TOKEN: TOKEN, HOOK_SECRET: SECRET };
  await using platform = await startPlatform({ workers: 1, show: () => {}, env });
  const { rest, source: shop, workers } = platform;
  await shop.query('create table orders (id int primary key, country text, total numeric)');
  const { password, ...place } = shop.connection;
  const given = (name: string, config: Record<string, unknown>) => {
    const { config: written, ...rest } = document(name);
    return { ...rest, config: { ...written, ...config } };
  };
  const connection = { ...place, ...(password === undefined ? {} : { password }) };
  const port = await freePort();
  await rest.post('sources', given('endpoint', { listen: `127.0.0.1:${port}` }));
  await rest.post('sources', given('shop-source', connection));
  await rest.post('sinks', given('shop-sink', connection));
  await rest.post('sinks', given('receiver', { url: `http://127.0.0.1:${(crm.address() as AddressInfo).port}/hooks` }));
  await rest.post('jobs', document('orders-in'));
  await rest.post('jobs', document('orders-out'));

  /** Sends it until it is answered, as a caller should. */
  const send = async (id: number, total: string): Promise<void> => {
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${port}/orders`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${TOKEN}`,
          'content-type': 'application/json',
          'idempotency-key': `${id}-${total}`,
        },
        body: JSON.stringify({ id, country: 'de', total }),
      }).catch(() => undefined);
      if (answer?.ok === true) return;
      if (answer !== undefined && answer.status < 500) throw new Error(`${answer.status}: ${await answer.text()}`);
      await pause(50);
    }
  };
  for (let id = 1; id <= ORDERS; id++) {
    const sending = send(id, '9.50');
    if (KILLS.has(id)) {
      await workers[0]!.kill();
      await workers[0]!.start();
    }
    await sending;
    // What was answered is held by a snapshot; the table has it, or gets it now.
    if (id % 4 === 0) await send(id, '12.00');
  }
  const rows = async (): Promise<readonly { id: number; total: string }[]> =>
    shop.query('select id, total::text from orders order by id');
  const wanted = Array.from({ length: ORDERS }, (_, at) => ({
    id: at + 1,
    total: (at + 1) % 4 === 0 ? '12.00' : '9.50',
  }));
  while (JSON.stringify(await rows()) !== JSON.stringify(wanted)) await pause(50);

  // Of each order the last that the service was told is the row; and nothing was told twice.
  const lastTold = (id: number): string | undefined =>
    told.findLast((text) => text.split(' ')[1] === String(id))?.split(' ')[2];
  while (wanted.some(({ id, total }) => Number(lastTold(id)) !== Number(total))) await pause(50);
  expect(told.filter((text) => text.startsWith('created') || text.startsWith('read'))).toHaveLength(ORDERS);
  expect(new Set(told).size).toBe(told.length);
  crm.close();
  crm.closeAllConnections();
}, 120_000);
