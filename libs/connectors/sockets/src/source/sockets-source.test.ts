import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { changeEvents } from '@millrace/formats';
import { freePort } from '@millrace/testing';
import { numbers } from '@millrace/testing/acceptance';
import { DrivenSource, type DriveSourceOptions, RecordedRefusals } from '@millrace/testing/drivers';
import { framed } from '../framing/framing.ts';
import { Speaker } from '../test-support/speaker.ts';
import { socketsSource } from './sockets-source.ts';

type Source = DrivenSource<Readonly<Record<string, unknown>>>;
const STAGE = { table: 'public.orders', columns: { id: 'integer', note: 'text' }, key: ['id'] };

let port: number;
const open: AsyncDisposable[] = [];

beforeEach(async () => {
  port = await freePort();
});
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

async function start({ config, stage, ...more }: Partial<DriveSourceOptions<never>> = {}): Promise<Source> {
  const source: Source = await DrivenSource.start(socketsSource, {
    ...more,
    config: config ?? { listen: `127.0.0.1:${port}`, anonymous: true },
    stage: { ...STAGE, ...(stage as object) },
    read: (batch) => changeEvents(batch).map(({ after }) => ({ ...after! })),
  });
  open.push(source);
  return source;
}

async function speaker(): Promise<Speaker> {
  const speaking = await Speaker.to(port);
  open.push(speaking);
  return speaking;
}

const ids = (source: Source): readonly unknown[] => source.events.map((row) => row['id']);
const lines = (from: number, to: number): string =>
  numbers(from, to)
    .map((id) => `{"id":${id},"note":"x"}\n`)
    .join('');

describe('what is acknowledged', () => {
  it('is what a committed snapshot holds, and nothing before; a sender that has ended is let go then', async () => {
    const source = await start({ stage: { acknowledge: true } });
    const { socket, answers, ended } = await speaker();
    socket.end(`STREAM a\n${lines(0, 5)}`);
    await source.untilEvents(5);
    const saved = await source.save();
    await source.until(() => answers.length > 0);
    expect(answers).toEqual(['ACK 0']);
    await source.commit(saved.snapshotId);
    await ended;
    expect(answers).toEqual(['ACK 0', 'ACK 5']);
  });

  it('is told to whoever comes next under the name, and what comes again is not taken twice', async () => {
    const source = await start({ stage: { acknowledge: true } });
    const first = await speaker();
    first.socket.write(`STREAM a\n${lines(0, 5)}`);
    await source.untilEvents(5);
    await source.snapshot();
    first.socket.write(lines(5, 8));
    await source.untilEvents(8);
    // It cannot know of the three: its connection breaks before.
    const second = await speaker();
    second.socket.write('STREAM a\n');
    await source.until(() => second.answers.length > 0);
    await first.ended;
    second.socket.write(lines(5, 10));
    await source.untilEvents(10);
    await source.snapshot();
    await source.until(() => second.answers.length > 1);
    expect([second.answers, ids(source)]).toEqual([['ACK 5', 'ACK 10'], numbers(0, 10)]);
  });

  it('is nothing to whoever does not say a name, and to more names than may be known', async () => {
    const source = await start({ stage: { acknowledge: true, senders: 1 } });
    const [nameless, first, second] = [await speaker(), await speaker(), await speaker()];
    first.socket.write('STREAM a\n');
    await source.until(() => first.answers.length > 0);
    nameless.socket.write(lines(0, 1));
    second.socket.write('STREAM b\n');
    await Promise.all([nameless.ended, second.ended]);
    expect([nameless.answers, second.answers]).toEqual([
      ['ERR the first message has to be STREAM and a name'],
      ['ERR there are too many names: see senders'],
    ]);
    expect([source.events, source.metric('connectionsRefused')]).toEqual([[], 2]);
  });
});

it('reads nothing while the job is behind, so that the other end cannot write', async () => {
  const source = await start({ stage: { idle: '500ms' } });
  source.isFull = true;
  const { socket } = await speaker();
  const note = 'x'.repeat(50_000);
  const COUNT = 500;
  socket.write(
    numbers(0, COUNT)
      .map((id) => `{"id":${id},"note":"${note}"}\n`)
      .join(''),
  );
  // What the system keeps for both ends is full when nothing moves any more, for longer than a connection may be idle.
  for (let still = 0, before = -1; still < 6; before = socket.bytesWritten - socket.writableLength) {
    await source.until(() => true);
    await new Promise((resolve) => setTimeout(resolve, 100));
    still = socket.bytesWritten - socket.writableLength === before ? still + 1 : 0;
  }
  expect(socket.destroyed).toBe(false);
  expect(source.metric('connections')).toBe(1);
  source.isFull = false;
  await source.untilEvents(COUNT);
  expect(source.events.every((row, at) => row['id'] === at)).toBe(true);
});

describe('a message that is no row', () => {
  it.each([
    ['of another type', '{"id":"seven"}\n', 'sockets.frame_refused', /message 1 of 127.0.0.1:\d+ is no row: its "id"/],
    ['of no text', '{"id":1,"note":"\xff"}\n', 'sockets.frame_refused', /not text in UTF-8/],
    [
      'too long',
      `{"id":1,"note":"${'x'.repeat(100)}"}\n`,
      'sockets.frame_too_long',
      /message 1 of .* has 118 bytes; 64B are taken/,
    ],
  ])('fails the job with its place: %s', async (_, text, code, message) => {
    const source = await start({ stage: { frame: '64B' } });
    (await speaker()).socket.write(text, 'latin1');
    await expect(source.untilEvents(1)).rejects.toMatchObject({
      code: { code },
      message: expect.stringMatching(message),
    });
  });

  it('is set aside where the stage says so, and read again when it comes back', async () => {
    const refusals = new RecordedRefusals();
    const source = await start({ refusals, stage: { frame: '64B' } });
    (await speaker()).socket.write(`{"id":"seven"}\n\n${'y'.repeat(200)}\n{"id":4}\n`);
    await source.untilEvents(1);
    expect(ids(source)).toEqual([4]);
    expect(refusals.refused.map(({ after }) => [after!['number'], after!['value']])).toEqual([
      ['1', '{"id":"seven"}'],
      ['3', 'y'.repeat(64)],
    ]);
    const [record] = refusals.refused;
    await source.giveBack({ ...record!, after: { ...record!.after, value: '{"id":7}' } });
    expect(ids(source)).toEqual([4, 7]);
  });
});

it.each([
  ['text', 'lines', 'line', Buffer.from('häuser \r\n\nlast\n'), ['häuser ', '', 'last']],
  [
    'bytes',
    'length-prefixed',
    'data',
    Buffer.concat([framed('length-prefixed', Buffer.of(0, 255)), framed('length-prefixed', Buffer.alloc(0))]),
    ['\\x00ff', '\\x'],
  ],
] as const)('takes %s as %s', async (format, framing, column, given, wanted) => {
  const source = await start({ stage: { format, framing, columns: undefined, key: [] } });
  (await speaker()).socket.write(given);
  await source.untilEvents(wanted.length);
  const texts = source.events.map((row) => row[column]);
  expect(texts.map((text) => (text instanceof Uint8Array ? `\\x${Buffer.from(text).toString('hex')}` : text))).toEqual(
    wanted,
  );
});

it('closes connections over the limit, those over which nothing comes, and counts what they broke off', async () => {
  const source = await start({
    config: { listen: `127.0.0.1:${port}`, anonymous: true, connections: 1 },
    stage: { idle: '300ms' },
  });
  const first = await speaker();
  first.socket.write('{"id":1}\n{"id":2');
  await source.untilEvents(1);
  const second = await speaker();
  await second.ended;
  expect(source.metric('connectionsRefused')).toBe(1);
  await first.ended;
  await source.until(() => source.metric('connections') === 0);
  expect([ids(source), source.metric('messagesCut')]).toEqual([[1], 1]);
});

it('says that a port is taken, and takes over the one of an older execution', async () => {
  const source = await start();
  const other = { job: { jobId: '01JD0000000000000000000009' } };
  await expect(start(other)).rejects.toMatchObject({ code: { code: 'sockets.cannot_listen', retry: 'later' } });
  const next = await start({ generation: 2 });
  await expect(source.untilEvents(1)).rejects.toMatchObject({ code: { code: 'sockets.fenced' } });
  (await speaker()).socket.write(lines(0, 1));
  await next.untilEvents(1);
});

describe('as the side that connects', () => {
  async function feed(attend: (socket: Socket, count: number) => void) {
    let count = 0;
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => {}));
      attend(socket, ++count);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    open.push({
      async [Symbol.asyncDispose]() {
        for (const socket of sockets) socket.destroy();
        server.close();
      },
    });
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it('says what it was told to say, and connects again when a connection ends', async () => {
    const heard: string[] = [];
    const connect = await feed((socket, count) => {
      socket.on('data', (chunk) => heard.push(chunk.toString()));
      socket.end(lines(count * 10, count * 10 + 2));
    });
    const source = await start({ config: { connect, allow: ['127.0.0.1'], hello: 'SUBSCRIBE orders' } });
    await source.untilEvents(4);
    expect(ids(source).slice(0, 4)).toEqual([10, 11, 20, 21]);
    expect(heard[0]).toBe('SUBSCRIBE orders\n');
    expect(source.metric('reconnects')).toBeGreaterThan(0);
  });

  it('fails when its patience is over, and at once at an address that is not allowed', async () => {
    const connect = `127.0.0.1:${port}`;
    const away = await start({ config: { connect, allow: ['127.0.0.1'], patience: '100ms' } });
    expect(await away.failure).toMatchObject({ code: { code: 'sockets.unreachable', retry: 'later' } });
    const inside = await start({ config: { connect } });
    expect(await inside.failure).toMatchObject({ code: { code: 'sockets.address_refused', retry: 'after-repair' } });
    const named = await start({ config: { connect: `localhost:${port}` } });
    expect(await named.failure).toMatchObject({ code: { code: 'sockets.address_refused' } });
  });
});
