import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { encodeRows } from '@millrace/formats';
import { systemClock } from '@millrace/kernel';
import { freePort } from '@millrace/testing';
import { insertBatch, insertBatches, numbers } from '@millrace/testing/acceptance';
import { DrivenSink, RecordedRefusals } from '@millrace/testing/drivers';
import { Webhook } from 'standardwebhooks';
import { startSink, updates } from '../test-support/drive-sink.ts';
import { ReceiverServer } from '../test-support/receiver-server.ts';
import { httpSink } from './http-sink.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const PREVIOUS = `whsec_${'b'.repeat(32)}`;
let receiver: ReceiverServer;

beforeEach(async () => {
  receiver = await ReceiverServer.start();
});
afterEach(() => receiver[Symbol.asyncDispose]());

const notes = (): string[] => receiver.events.map(({ data }) => `${String(data['id'])} ${String(data['note'])}`);
const failsWith = (code: string, message: RegExp) => ({
  code: { code },
  message: expect.stringMatching(message),
  mend: expect.any(String),
});

describe('a request', () => {
  it('is an event with its id, type, time and place, signed with both secrets', async () => {
    await using sink = await startSink(receiver, {
      more: { secret: SECRET, previousSecret: PREVIOUS, authorization: 'Bearer abc', headers: { 'x-team': 'shop' } },
      stage: { method: 'PUT', path: '/orders' },
    });
    await sink.write(insertBatch(7, 8));
    await sink.prepare(1);
    const [{ method, path, headers, body }] = receiver.requests as [(typeof receiver.requests)[0]];
    expect([method, path, headers['x-team'], headers.authorization]).toEqual([
      'PUT',
      '/hooks/orders',
      'shop',
      'Bearer abc',
    ]);
    for (const secret of [SECRET, PREVIOUS]) new Webhook(secret).verify(body, headers as Record<string, string>);
    expect(JSON.parse(body)).toEqual({
      id: headers['webhook-id'],
      type: 'public.orders.created',
      timestamp: '1970-01-01T00:00:00.008Z',
      lsn: '0/80',
      index: 0,
      data: { id: 7, note: 'x' },
    });
    expect(sink.metric('rowsWritten')).toBe(1);
  });

  it('has an id that stays for an event with a place, and is new for a computed row', async () => {
    const schema = insertBatch(0, 1).schemas[0]!;
    const computed = encodeRows(
      schema,
      [
        { id: 1, note: 'a' },
        { id: 1, note: 'b' },
        { id: 1, note: 'a' },
      ],
      { receivedMs: 0 },
    );
    for (const generation of [1, 2]) {
      await using sink = await startSink(receiver, { generation });
      await sink.write(insertBatch(0, 3), computed);
      await sink.prepare(1);
    }
    const ids = receiver.events.map(({ id, lsn }) => [lsn === null, id] as const);
    const of = (isComputed: boolean): Set<string> =>
      new Set(ids.filter(([each]) => each === isComputed).map(([, id]) => id));
    expect([of(false).size, of(true).size]).toEqual([3, 6]);
  });

  it('holds several events when they wait, one array, each key in order', async () => {
    const rows = numbers(0, 200).map((at): [number, string] => [at % 7, String(at)]);
    receiver.answer = async () => {
      await systemClock.sleep(1);
      return { status: 200 };
    };
    await using sink = await startSink(receiver, { stage: { records: 20, concurrency: 3 } });
    await sink.write(updates(rows));
    await sink.prepare(1);
    expect(notes().length).toBe(200);
    for (const id of numbers(0, 7))
      expect(notes().filter((note) => note.startsWith(`${id} `))).toEqual(
        rows.filter(([each]) => each === id).map((row) => row.join(' ')),
      );
    expect(receiver.underWayMax).toBeLessThanOrEqual(3);
    expect(receiver.requests.length).toBeLessThan(100);
    expect(receiver.requests.every(({ body }) => body.startsWith('['))).toBe(true);
  });

  it('is held back while the receiver is slow, and takes nothing more', async () => {
    const release = Promise.withResolvers<{ status: number }>();
    receiver.answer = () => release.promise;
    await using sink = await startSink(receiver, { stage: { concurrency: 2 } });
    const writing = sink.write(...insertBatches(0, 500));
    while (receiver.underWay < 2) await systemClock.sleep(1);
    expect([sink.refusals > 0, receiver.underWayMax]).toEqual([true, 2]);
    release.resolve({ status: 200 });
    await writing;
    await sink.prepare(1);
    expect(receiver.events).toHaveLength(500);
  });
});

describe('a receiver', () => {
  it('that is busy is asked again, no sooner than it said', async () => {
    let asked = 0;
    const timesMs: number[] = [];
    receiver.answer = () => {
      timesMs.push(systemClock.monotonicMs());
      asked += 1;
      return asked === 1 ? { status: 429, headers: { 'retry-after': '1' } } : { status: asked === 2 ? 503 : 200 };
    };
    await using sink = await startSink(receiver);
    await sink.write(insertBatch(0, 1));
    await sink.prepare(1);
    expect(notes()).toEqual(['0 x']);
    expect(timesMs[1]! - timesMs[0]!).toBeGreaterThanOrEqual(999);
    expect(new Set(receiver.requests.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(sink.metric('requestsRetried')).toBe(2);
  });

  it('that fails for long is left alone, then asked with one request, and the job fails later', async () => {
    receiver.answer = () => ({ status: 503, body: 'down for maintenance' });
    await using sink = await startSink(receiver, { stage: { patience: '2500ms' } });
    await sink.write(insertBatch(0, 20));
    await expect(sink.prepare(1)).rejects.toMatchObject(failsWith('http.failing', /answers 503: down for maintenance/));
    expect(sink.metric('circuitOpened')).toBeGreaterThan(0);
    expect(sink.metric('circuitOpen')).toBe(1);
    // 8 lanes go on their own until it opens; without it each would have asked five times or more.
    expect(receiver.requests.length).toBeLessThan(30);
  });

  it('that comes back gets everything, in order', async () => {
    const { port, config } = receiver;
    await receiver[Symbol.asyncDispose]();
    await using sink = await DrivenSink.start(httpSink, {
      config,
      stage: { concurrency: 1 },
      guarantee: 'at-least-once',
    });
    const writing = sink.write(insertBatch(0, 3));
    while (sink.metric('requestsRetried') < 2) await systemClock.sleep(5);
    receiver = await ReceiverServer.start(port);
    await writing;
    await sink.prepare(1);
    expect(notes()).toEqual(['0 x', '1 x', '2 x']);
  });

  it.each([
    [301, /answers 301/],
    [401, /401/],
    [404, /404/],
    [410, /410/],
  ])('that answers %i gets nothing more: the address is wrong, not the record', async (status, message) => {
    receiver.answer = () => ({ status, headers: { location: '/elsewhere' } });
    await using sink = await startSink(receiver, { refusals: new RecordedRefusals() });
    await sink.write(insertBatch(0, 1));
    await expect(sink.prepare(1)).rejects.toMatchObject(failsWith('http.endpoint_refused', message));
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/hooks']);
  });

  it('that sends back what it was sent makes no secret known', async () => {
    receiver.answer = ({ headers }) => ({ status: 400, body: `bad: ${headers.authorization}` });
    await using sink = await startSink(receiver, { more: { authorization: 'Bearer planted-secret' } });
    await sink.write(insertBatch(0, 1));
    const error = await sink.prepare(1).catch((reason: Error) => reason as Error);
    expect(error).toMatchObject(failsWith('http.record_refused', /400: bad: /));
    expect((error as Error).message).not.toContain('planted-secret');
  });

  it('whose answer has no end is not listened to for ever', async () => {
    receiver.answer = () => ({ status: 400, body: 'y'.repeat(10_000_000) });
    await using sink = await startSink(receiver);
    await sink.write(insertBatch(0, 1));
    const error = await sink.prepare(1).catch((reason: Error) => reason as Error);
    expect((error as Error).message.length).toBeLessThan(400);
  });
});

describe('with a policy for records', () => {
  const refusing = (status: number) => {
    receiver.answer = ({ body }) => {
      const events = [JSON.parse(body)].flat() as { data: { id: unknown; note: unknown } }[];
      return { status: events.some(({ data }) => data.note === 'bad') ? status : 200 };
    };
  };
  const rows = (): ReturnType<typeof updates> =>
    updates([
      [1, 'a'],
      [2, 'bad'],
      [1, 'b'],
      [2, 'c'],
      [3, 'a'],
    ]);

  it.each([
    [1, 422],
    [1, 500],
    [10, 400],
  ])('sets what is refused aside, and what follows it: %i of a request, %i', async (records, status) => {
    refusing(status);
    const refusals = new RecordedRefusals({ retries: 1 });
    await using sink = await startSink(receiver, { refusals, stage: { records, concurrency: 2 } });
    await sink.write(rows());
    await sink.prepare(1);
    expect(notes().toSorted()).toEqual(['1 a', '1 b', '3 a']);
    expect(refusals.aside).toEqual(['refused 2 bad', 'parked 2 c']);
    expect(refusals.reasons).toEqual(['http.record_refused']);
  });

  it('and without one, fails the job at the first', async () => {
    refusing(422);
    await using sink = await startSink(receiver);
    await sink.write(rows());
    await expect(sink.prepare(1)).rejects.toMatchObject(failsWith('http.record_refused', /422/));
  });
});

describe('an address that is not allowed', () => {
  it.each(['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]'])(
    'is not connected to as %s',
    async (host) => {
      const url = `http://${host}:${receiver.port}/`;
      await using sink = await startSink(receiver, { more: { url, allow: [] } });
      await sink.write(insertBatch(0, 1));
      await expect(sink.prepare(1)).rejects.toMatchObject(failsWith('http.address_refused', /not a public address/));
      expect(receiver.requests).toEqual([]);
    },
  );

  it('is found by the check', async () => {
    const config = httpSink.config.parse({ url: `http://localhost:${receiver.port}/` });
    const found = await httpSink.check(config, new AbortController().signal);
    expect(found.filter(({ severity }) => severity === 'error').map(({ code }) => code)).toEqual([
      'http.address_refused',
    ]);
  });

  it('a port where nobody is fails the job for later', async () => {
    await using sink = await startSink(receiver, {
      more: { url: `http://127.0.0.1:${await freePort()}/` },
      stage: { patience: '200ms' },
    });
    await sink.write(insertBatch(0, 1));
    await expect(sink.prepare(1)).rejects.toMatchObject({ code: { code: 'http.unreachable', retry: 'later' } });
  });
});
