import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { MosquittoServer } from '@millrace/testing';
import { startPlatform } from '../../apps/cli/src/demo/platform.ts';
import { TestReader, testTopic } from '../../libs/connectors/mqtt/src/test-support/test-topic.ts';

const document = (name: string) =>
  JSON.parse(readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8')) as Record<string, unknown>;

const ROUNDS = 4;
const READINGS = 25;
const KILLED_AT = 2;
const WAIT_MS_MAX = 60_000;

it('brings each reading of sensors to files once, and rows to panels, while the worker is killed and the broker restarted', async () => {
  await using broker = await MosquittoServer.start();
  await using platform = await startPlatform({ workers: 1, show: () => {} });
  const folder = mkdtempSync(join(tmpdir(), 'millrace-mqtt-example-'));
  const { rest, source, workers } = platform;
  await source.query(`
    create table rooms (name text primary key, wanted int not null);
    insert into rooms values ('hall', 20), ('attic', 16)`);
  const { password, ...connection } = source.connection;
  const rooms = document('source') as { config: object };
  await rest.post('sources', {
    ...rooms,
    config: { ...rooms.config, ...connection, ...(password === undefined ? {} : { password }) },
  });
  const plant = { ...document('broker'), config: { host: '127.0.0.1', port: broker.port } };
  await rest.post('sources', plant);
  await rest.post('sinks', plant);
  await rest.post('sinks', { name: 'lines', type: 'files', config: { directory: folder } });
  await rest.post('jobs', document('readings'));
  await rest.post('jobs', document('rooms'));

  const lines = (): string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ndjson') && !name.split('/').some((part) => /^[._]/.test(part)))
      .flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'))
      .map((line) => (JSON.parse(line) as { after: { topic: string; seq: number } }).after)
      .map(({ topic, seq }) => `${topic} ${seq}`);
  const panels = async (): Promise<string> => {
    const reader = await TestReader.open(broker.url, 'rooms');
    const messages = await reader.all();
    await reader.close();
    return messages
      .map(({ topic, payload }) => `${topic} ${payload.toString()}`)
      .toSorted()
      .join('\n');
  };
  const until = async (isThere: () => Promise<boolean> | boolean): Promise<void> => {
    const deadline = performance.now() + WAIT_MS_MAX;
    while (!(await isThere()) && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 100));
  };
  const sensors = testTopic(broker.url);
  const expected: string[] = [];
  const read = async (round: number, topic = 'plant/hall/degrees'): Promise<void> => {
    const seqs = Array.from({ length: READINGS }, (_, index) => round * READINGS + index);
    await sensors.publish(
      seqs.map((seq) => JSON.stringify({ seq, degrees: 20.5 })),
      { topic },
    );
    expected.push(...seqs.map((seq) => `${topic} ${seq}`));
  };

  const readings = (): string[] => lines().filter((line) => !line.startsWith('plant/probe'));
  const allRead = () => until(() => readings().length >= expected.length);
  let probes = 0;
  /** A snapshot has begun since it was called, and is committed. */
  const snapshot = async (): Promise<void> => {
    const seq = ++probes;
    await until(async () => {
      await sensors.publish([JSON.stringify({ seq, degrees: 1 })], { topic: 'plant/probe/degrees' });
      return lines().includes(`plant/probe/degrees ${seq}`);
    });
  };

  // From its first subscription on the broker keeps what nobody reads.
  await snapshot();
  for (let round = 0; round < ROUNDS; round++) {
    await read(round);
    await source.query('update rooms set wanted = $1::int where name = $2', [round, 'hall']);
    if (round !== KILLED_AT) continue;
    await workers[0]!.kill();
    await read(ROUNDS);
    await workers[0]!.start();
  }
  await allRead();
  // Mosquitto forgets which exchanges were half done when it is restarted: those of the readings are over then.
  for (let count = 0; count < 3; count++) await snapshot();
  await broker.restart();
  await read(ROUNDS + 1);
  await source.query(`delete from rooms where name = 'attic'`);
  await allRead();
  expect(readings().toSorted()).toEqual(expected.toSorted());
  const wanted = `rooms/hall {"name":"hall","wanted":${ROUNDS - 1}}`;
  await until(async () => (await panels()) === wanted);
  expect(await panels()).toBe(wanted);
  rmSync(folder, { recursive: true, force: true });
}, 180_000);
