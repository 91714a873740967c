import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { httpSource } from '@millrace/connector-http';
import { freePort } from '@millrace/testing';
import { DrivenSource } from '@millrace/testing/drivers';
import { Pool } from 'undici';

const CALLERS = 8;
export const ROWS_OF_REQUEST = 1_000;
const LINES = Array.from(
  { length: ROWS_OF_REQUEST },
  (_, id) => `{"id":${id},"total":"9.50","note":"as ordered"}`,
).join('\n');

async function post(port: number, requests: number): Promise<void> {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CALLERS, pipelining: 1 });
  let left = requests;
  const headers = { 'content-type': 'application/x-ndjson' };
  const caller = async (): Promise<void> => {
    while (left-- > 0) {
      const { statusCode, body } = await pool.request({ method: 'POST', path: '/', headers, body: LINES });
      await body.dump();
      // The job is behind: once more.
      if (statusCode === 503) left += 1;
      else if (statusCode >= 300) throw new Error(`answered ${statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  await pool.close();
}

/** Requests of lines through the source, answered as soon as they are taken: what an answer waits for is the snapshot interval. */
export async function ingest(requests: number): Promise<void> {
  const port = await freePort();
  let rows = 0;
  await using source = await DrivenSource.start(httpSource, {
    config: { listen: `127.0.0.1:${port}`, anonymous: true },
    stage: {
      table: 'public.orders',
      columns: { id: 'integer', total: 'numeric', note: 'text' },
      key: ['id'],
      answer: 'at-once',
    },
    read: (batch) => {
      rows += batch.length;
      return [];
    },
  });
  await Promise.all([post(port, requests), source.until(() => rows >= requests * ROWS_OF_REQUEST)]);
}

/** The same requests to a bare server of Node, which parses each line and forgets it. */
export async function parseLines(requests: number): Promise<void> {
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      for (const line of body.toString().split('\n')) JSON.parse(line);
      response.writeHead(202).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await post((server.address() as AddressInfo).port, requests);
  server.close();
}
