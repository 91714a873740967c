import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { changeEvents } from '@millrace/formats';
import { freePort } from '@millrace/testing';
import { numbers } from '@millrace/testing/acceptance';
import { DrivenSource, type DriveSourceOptions } from '@millrace/testing/drivers';
import { Webhook } from 'standardwebhooks';
import { httpSource } from './http-source.ts';
import { HANDED_ON_MAX, WAITING_MAX } from './ingest-source.processor.ts';
import { ROWS_MAX } from './request-rows.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const STAGE = { table: 'public.orders', columns: { id: 'integer', total: 'numeric', more: 'jsonb' }, key: ['id'] };
type Source = DrivenSource<Readonly<Record<string, unknown>>>;
type Headers = Readonly<Record<string, string>>;

let port: number;
const sources: Source[] = [];

beforeEach(async () => {
  port = await freePort();
});
afterEach(async () => {
  await Promise.all(sources.splice(0).map((source) => source.close()));
});

async function start({ config, stage, ...more }: Partial<DriveSourceOptions<never>> = {}): Promise<Source> {
  const source: Source = await DrivenSource.start(httpSource, {
    ...more,
    config: { listen: `127.0.0.1:${port}`, anonymous: true, ...(config as object) },
    stage: { ...STAGE, ...(stage as object) },
    read: (batch) => changeEvents(batch).map(({ after }) => ({ ...after! })),
  });
  sources.push(source);
  return source;
}

interface Answered {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly retryAfter: string | null;
}

async function post(body: string, headers: Headers = {}): Promise<Answered> {
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
  const answer = (await response.json()) as Answered['body'];
  return { status: response.status, body: answer, retryAfter: response.headers.get('retry-after') };
}

/** A request for each id, over one connection without waiting for answers; resolves when all are taken. */
async function postAll(ids: readonly number[]): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  const bodies = ids.map((id) => JSON.stringify({ id }));
  const head = 'POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length:';
  socket.write(bodies.map((body) => `${head} ${body.length}\r\n\r\n${body}`).join(''));
  let text = '';
  for await (const part of socket) {
    text += part;
    if (text.split('HTTP/1.1 202').length > ids.length) return;
  }
  throw new Error(`the connection ended: ${text.slice(-200)}`);
}

/** Runs the source, with snapshots, until it is answered. */
async function answered(source: Source, asked: Promise<Answered>): Promise<Answered> {
  let isDone = false;
  const done = asked.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    let turns = 0;
    await source.until(() => isDone || turns++ > 1);
    await source.snapshot();
  }
  return done;
}

describe('a request', () => {
  it('is answered when the snapshot that has it is committed, and no sooner', async () => {
    const source = await start();
    let answer: Answered | undefined;
    const asked = post('{"id":1,"total":0.10}').then((got) => {
      answer = got;
    });
    await source.untilEvents(1);
    const saved = await source.save();
    await source.until(async () => (await fetch(`http://127.0.0.1:${port}/.millrace`)).ok);
    expect(answer).toBeUndefined();
    await source.commit(saved.snapshotId);
    await asked;
    expect(answer).toMatchObject({ status: 200, body: { rows: 1 } });
  });

  it('is answered at once where the stage says so', async () => {
    await start({ stage: { answer: 'at-once' } });
    expect(await post('{"id":1}')).toMatchObject({ status: 202, body: { rows: 1 } });
  });

  it('may hold one row, many, or lines, with the digits of its numbers', async () => {
    const source = await start();
    const ndjson = { 'content-type': 'application/x-ndjson' };
    await answered(source, post('{"id":1,"total":12345678901234567890.10,"more":"text","other":1}'));
    await answered(source, post('[{"id":2,"total":0.1000},{"id":3,"more":{"n":1.50}}]'));
    await answered(source, post('{"id":4}\n\n{"id":5,"total":"7"}\n', ndjson));
    expect(source.events.map((row) => Object.values(row).map(String).join(' '))).toEqual([
      '1 12345678901234567890.10 "text"',
      '2 0.1000 null',
      '3 null {"n":1.5}',
      '4 null null',
      '5 7 null',
    ]);
  });

  it.each([
    [422, /not JSON/, '{"id":1'],
    [422, /no row/, '[]'],
    [422, /row 1: its "id"/, '[{"id":1},{"total":2}]'],
    [422, /row 0: its "id"/, '{"id":"seven"}'],
    [422, /10001 rows/, JSON.stringify(numbers(0, ROWS_MAX + 1))],
    [413, /too large/, 'x'.repeat(100_000)],
  ])('is refused as a whole with %i where it says %p', async (status, message, body) => {
    const source = await start({ stage: { body: '64KiB' } });
    const answer = await post(body);
    expect([answer.status, answer.body['message']]).toEqual([status, expect.stringMatching(message)]);
    expect(source.events).toEqual([]);
  });

  it('with many rows is in one snapshot as a whole', async () => {
    const source = await start();
    source.isMoody = true;
    const asked = post(JSON.stringify(numbers(0, 5_000).map((id) => ({ id }))));
    await source.untilEvents(1);
    // The barrier is due now; the source is at the end of the request when it lets it in.
    await source.save();
    expect(source.events).toHaveLength(5_000);
    expect((await answered(source, asked)).body).toEqual({ rows: 5_000 });
  });

  it('that waits too long for a snapshot is to come again, and is then still one', async () => {
    const source = await start({ stage: { wait: '100ms' } });
    const again = { 'idempotency-key': 'a' };
    const asked = post('{"id":1}', again);
    await source.untilEvents(1);
    expect(await asked).toMatchObject({ status: 503, retryAfter: '1' });
    expect(await answered(source, post('{"id":1}', again))).toMatchObject({ status: 200 });
    expect(source.events).toHaveLength(1);
  });

  it('is put off while the job is behind', async () => {
    const source = await start({ stage: { answer: 'at-once' } });
    source.isFull = true;
    const answers = await Promise.all(numbers(0, WAITING_MAX + 20).map((id) => post(JSON.stringify({ id }))));
    const counts = [202, 503].map((status) => answers.filter((answer) => answer.status === status).length);
    expect(counts).toEqual([WAITING_MAX, 20]);
    expect(answers.find(({ status }) => status === 503)!.retryAfter).toBe('1');
    source.isFull = false;
    await source.untilEvents(WAITING_MAX);
    expect(source.events).toHaveLength(WAITING_MAX);
  });

  it('is put off while no snapshot comes, and taken again after one', async () => {
    const source = await start({ stage: { answer: 'at-once' } });
    for (let at = 0; at < HANDED_ON_MAX; at += WAITING_MAX) {
      await postAll(numbers(at, at + WAITING_MAX));
      await source.untilEvents(at + WAITING_MAX);
    }
    const id = HANDED_ON_MAX;
    expect(await post(JSON.stringify({ id }))).toMatchObject({ status: 503, retryAfter: '1' });
    await source.snapshot();
    expect((await post(JSON.stringify({ id }))).status).toBe(202);
    await source.untilEvents(HANDED_ON_MAX + 1);
    expect(source.events.at(-1)).toMatchObject({ id });
  });
});

describe('an idempotency key', () => {
  it.each(['idempotency-key', 'webhook-id'])(
    '(%s) makes a repetition harmless, also after a restart, as long as it is remembered',
    async (header) => {
      const source = await start({ stage: { remember: 2 } });
      for (const id of [1, 2, 3]) await answered(source, post(`{"id":${id}}`, { [header]: `key-${id}` }));
      expect(await post('{"id":3}', { [header]: 'key-3' })).toMatchObject({
        status: 200,
        body: { rows: 0, repeated: true },
      });
      const restored = await source.snapshot();
      await source.close();
      const next = await start({ stage: { remember: 2 }, restored, generation: 2 });
      expect((await post('{"id":2}', { [header]: 'key-2' })).body).toEqual({ rows: 0, repeated: true });
      // Two are remembered: the first is not.
      expect((await answered(next, post('{"id":1}', { [header]: 'key-1' }))).body).toEqual({ rows: 1 });
    },
  );

  it('that is none is refused', async () => {
    await start();
    expect((await post('{"id":1}', { 'idempotency-key': 'k'.repeat(256) })).status).toBe(400);
  });
});

describe('a caller', () => {
  it('needs the token, and the signature', async () => {
    const source = await start({ config: { anonymous: false, token: 'planted-token', secret: SECRET } });
    const body = '{"id":1}';
    const atMs = new Date();
    const signed = {
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(Math.floor(atMs.getTime() / 1_000)),
      'webhook-signature': new Webhook(SECRET).sign('msg_1', atMs, body),
    };
    const authorization = 'Bearer planted-token';
    const wrong: readonly (readonly [string, Headers])[] = [
      [body, {}],
      [body, { authorization }],
      [body, signed],
      [body, { ...signed, authorization: 'Bearer planted-tokem' }],
      ['{"id":2}', { ...signed, authorization }],
    ];
    for (const [sent, headers] of wrong) {
      const answer = await post(sent, headers);
      expect([answer.status, JSON.stringify(answer.body)]).toEqual([401, expect.not.stringContaining('planted')]);
    }
    expect(await answered(source, post(body, { ...signed, authorization }))).toMatchObject({ status: 200 });
  });

  it('is asked for one of them, unless the endpoint says that anybody may call', () => {
    const { error } = httpSource.config.safeParse({ listen: '0.0.0.0:8090' });
    expect(error?.issues.map(({ message }) => message)).toEqual(['token or secret is needed, or anonymous: true']);
  });
});

it('two jobs do not share a port', async () => {
  await start();
  await expect(start({ job: { jobId: '01JD0000000000000000000001' } })).rejects.toMatchObject({
    code: { code: 'http.cannot_listen', retry: 'later' },
    message: expect.stringMatching(/something else listens there/),
  });
});
