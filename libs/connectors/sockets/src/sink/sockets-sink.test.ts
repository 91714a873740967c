import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort } from '@millrace/testing';
import { insertBatch, insertBatches, numbers } from '@millrace/testing/acceptance';
import { DrivenSink } from '@millrace/testing/drivers';
import { KeepingPeer } from '../test-support/keeping-peer.ts';
import { Speaker } from '../test-support/speaker.ts';
import { WAITING_BYTES_MAX } from './sockets-sink.processor.ts';
import { socketsSink } from './sockets-sink.ts';

let port: number;
const open: AsyncDisposable[] = [];

beforeEach(async () => {
  port = await freePort();
});
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

async function start(stage: object = {}, config: object = { listen: `127.0.0.1:${port}`, anonymous: true }) {
  const sink = await DrivenSink.start(socketsSink, { config, stage, guarantee: 'at-least-once' });
  open.push(sink);
  return sink;
}

async function peer(): Promise<KeepingPeer> {
  const keeping = await KeepingPeer.start();
  open.push(keeping);
  return keeping;
}

async function consumer(): Promise<Speaker> {
  const speaking = await Speaker.to(port);
  open.push(speaking);
  return speaking;
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const idsOf = (answers: readonly string[]): readonly number[] =>
  answers.map((answer) => Number((JSON.parse(answer) as { row: { id: unknown } }).row.id));

/** Rows of about 20 KB. */
const large = (from: number, to: number) => numbers(from, to).map((id) => insertBatch(id, id + 1, 'x'.repeat(20_000)));

describe('an other end that acknowledges', () => {
  it('is sent again what it had not acknowledged when its connection broke', async () => {
    const keeping = await peer();
    const sink = await start({ acknowledge: true }, keeping.config);
    await sink.write(...insertBatches(0, 10));
    await sink.snapshot(1);
    keeping.isSilent = true;
    await sink.write(...insertBatches(10, 20));
    const prepared = sink.prepare(2);
    await until(() => keeping.sockets.size === 1);
    keeping.isSilent = false;
    for (const socket of keeping.sockets) socket.destroy();
    await prepared;
    expect(new Set(keeping.kept.map(({ row }) => Number(row['id'])))).toEqual(new Set(numbers(0, 20)));
    expect(keeping.kept[0]).toMatchObject({ op: 'c', lsn: expect.any(String), row: { id: 0 } });
    expect(sink.metric('rowsWritten')).toBe(20);
  });

  it('that never does so is told of, and the job fails to start again', async () => {
    const keeping = await peer();
    keeping.isSilent = true;
    const sink = await start({ acknowledge: true, idle: '20ms' }, keeping.config);
    await sink.write(...insertBatches(0, 1));
    await expect(sink.prepare(1)).rejects.toMatchObject({ code: { code: 'sockets.not_acknowledged', retry: 'later' } });
    expect(keeping.connections).toBe(3);
  });

  it('may be the one that connects: what waits, waits for it', async () => {
    const sink = await start({ acknowledge: true });
    await sink.write(...insertBatches(0, 10));
    const prepared = sink.prepare(1);
    const first = await consumer();
    await until(() => first.answers.length === 10);
    first.socket.write('ACK 4\n');
    await until(() => sink.metric('rowsWritten') === 4);
    first.socket.destroy();
    const second = await consumer();
    await until(() => second.answers.length === 6);
    second.socket.write('ACK 6\n');
    await prepared;
    expect(idsOf(second.answers)).toEqual(numbers(4, 10));
  });
});

describe('those who connect', () => {
  it('each get everything that comes while they are there, and the job waits for the first', async () => {
    const sink = await start();
    await sink.write(...insertBatches(0, 5));
    const prepared = sink.prepare(1);
    const first = await consumer();
    await prepared;
    const second = await consumer();
    await until(() => sink.metric('connections') === 2);
    await sink.write(...insertBatches(5, 10));
    await sink.prepare(2);
    await until(() => first.answers.length === 10 && second.answers.length === 5);
    expect([idsOf(first.answers), idsOf(second.answers)]).toEqual([numbers(0, 10), numbers(5, 10)]);
  });

  it('hold the job up while they do not read, and let it go on when they do', async () => {
    const sink = await start();
    const { socket, answers } = await consumer();
    socket.pause();
    const rows = large(0, 1_000);
    let at = 0;
    // Says "not now" for good when what the system keeps is full as well.
    for (let refused = 0; refused < 20 && at < rows.length; ) {
      if (sink.offer(rows[at]!)) [at, refused] = [at + 1, 0];
      else refused += 1;
      if (refused > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(at).toBeGreaterThan(WAITING_BYTES_MAX / 40_000);
    expect(at).toBeLessThan(rows.length);
    socket.resume();
    await sink.write(...rows.slice(at));
    await sink.prepare(1);
    await until(() => answers.length === rows.length);
    expect(idsOf(answers)).toEqual(numbers(0, rows.length));
  });

  it('are not waited for with drop: who is too slow is disconnected, and what nobody hears is gone', async () => {
    const sink = await start({ consumers: 'drop', backlog: '64KiB' });
    await sink.write(...insertBatches(0, 5));
    await sink.prepare(1);
    expect(sink.metric('rowsDiscarded')).toBe(5);
    const [slow, quick] = [await consumer(), await consumer()];
    await until(() => sink.metric('connections') === 2);
    slow.socket.pause();
    for (let from = 0; sink.metric('consumersDropped') === 0; from += 10) {
      await sink.write(...large(from, from + 10));
      await sink.prepare(2);
      await until(() => quick.answers.length === from + 10);
    }
    expect(sink.metric('connections')).toBe(1);
    expect(idsOf(quick.answers)).toEqual(numbers(0, quick.answers.length));
  });
});
