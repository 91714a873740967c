import { type AddressInfo, connect, createServer } from 'node:net';
import { socketsSink, socketsSource } from '@millrace/connector-sockets';
import { derivedSchema, encodeRows } from '@millrace/formats';
import { freePort } from '@millrace/testing';
import { DrivenSink, DrivenSource } from '@millrace/testing/drivers';
import type { BenchOptions } from '../../harness/options.ts';
import { alternate } from '../../harness/result.ts';
import type { Comparison, ConnectorBench } from '../connector-bench.ts';

const ROWS = 500_000;
const ROWS_OF_BATCH = 1_000;
const LINE_FEED = 0x0a;
const COLUMNS = { id: 'integer', total: 'numeric', note: 'text' } as const;
const lineOf = (id: number): string => `{"id":${id},"total":"9.50","note":"as ordered, and paid in advance"}\n`;

const ORDERS = derivedSchema('public', 'orders', [
  { name: 'id', kind: 'integer', sqlType: 'integer', key: true },
  { name: 'total', kind: 'exact', sqlType: 'numeric' },
  { name: 'note', kind: 'text', sqlType: 'text' },
]);

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1_000;
};

function speak(port: number, rows: number): void {
  const socket = connect(port, '127.0.0.1');
  const piece = Buffer.from(Array.from({ length: ROWS_OF_BATCH }, (_, id) => lineOf(id)).join(''));
  let left = rows / ROWS_OF_BATCH;
  const go = (): void => {
    while (left > 0) {
      left -= 1;
      if (!socket.write(piece)) return;
    }
    socket.end();
  };
  socket.on('drain', go);
  go();
}

async function take(rows: number): Promise<void> {
  const port = await freePort();
  let taken = 0;
  await using source = await DrivenSource.start(socketsSource, {
    config: { listen: `127.0.0.1:${port}`, anonymous: true },
    stage: { table: 'public.orders', columns: COLUMNS, key: ['id'] },
    read: (batch) => {
      taken += batch.length;
      return [];
    },
  });
  speak(port, rows);
  await source.until(() => taken >= rows);
}

/** Counts lines that a connection brings, and does with each what it is told to. */
async function count(rows: number, each: (line: string) => void, start: (port: number) => void): Promise<void> {
  const done = Promise.withResolvers<void>();
  let counted = 0;
  const server = createServer((socket) => {
    let rest = '';
    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop()!;
      for (const line of lines) each(line);
      counted += lines.length;
      if (counted >= rows) done.resolve();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  start((server.address() as AddressInfo).port);
  await done.promise;
  server.close();
}

async function swallow(rows: number, start: (port: number) => Promise<unknown>): Promise<void> {
  const done = Promise.withResolvers<void>();
  let counted = 0;
  const server = createServer((socket) => {
    socket
      .on('error', () => {})
      .on('data', (chunk) => {
        for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1)) counted += 1;
        if (counted >= rows) done.resolve();
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await Promise.all([start((server.address() as AddressInfo).port), done.promise]);
  server.close();
}

const compared = (name: string, yardstick: string, ours: number, theirs: number, ratio: number): Comparison => ({
  name,
  yardstick,
  unit: 'rows/s',
  ours: Math.round(ours),
  theirs: Math.round(theirs),
  ratio: Math.round(ratio * 1_000) / 1_000,
});

async function run({ scale, rounds }: BenchOptions): Promise<readonly Comparison[]> {
  const rows = Math.max(1, Math.round((ROWS * scale) / ROWS_OF_BATCH)) * ROWS_OF_BATCH;
  const source = await alternate(
    'source',
    rounds,
    async () => rows / (await seconds(() => take(rows))),
    async () => rows / (await seconds(() => count(rows, JSON.parse, (port) => speak(port, rows)))),
  );
  const objects = Array.from({ length: ROWS_OF_BATCH }, (_, id) => JSON.parse(lineOf(id)) as Record<string, unknown>);
  const batch = encodeRows(ORDERS, objects, { receivedMs: 0 });
  const send = async (port: number): Promise<void> => {
    await using sink = await DrivenSink.start(socketsSink, {
      config: { connect: `127.0.0.1:${port}`, allow: ['127.0.0.1'] },
      guarantee: 'at-least-once',
    });
    for (let sent = 0; sent < rows; sent += ROWS_OF_BATCH) await sink.write(batch);
    await sink.prepare(1);
  };
  const bare = async (port: number): Promise<void> => {
    const socket = connect(port, '127.0.0.1');
    for (let sent = 0; sent < rows; sent += ROWS_OF_BATCH) {
      const text = objects.map(
        (row) => `${JSON.stringify({ table: 'public.orders', op: 'c', lsn: null, index: null, time: null, row })}\n`,
      );
      if (!socket.write(text.join(''))) await new Promise((resolve) => socket.once('drain', resolve));
    }
    await new Promise<void>((resolve) => socket.end(resolve));
  };
  const sink = await alternate(
    'sink',
    rounds,
    async () => rows / (await seconds(() => swallow(rows, send))),
    async () => rows / (await seconds(() => swallow(rows, bare))),
  );
  return [
    compared(
      'source, lines of JSON',
      'a bare server that parses the lines',
      source.ours,
      source.yardstick,
      source.ratio,
    ),
    compared('sink, lines of JSON', 'JSON.stringify and write', sink.ours, sink.yardstick, sink.ratio),
  ];
}

export const socketsBench: ConnectorBench = { connector: 'sockets', run };
