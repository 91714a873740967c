import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { changeEvents, type Row } from '@millrace/formats';
import { ulids } from '@millrace/kernel';
import { MosquittoServer, testMqtt } from '@millrace/testing';
import { idsOfRecord, numbers, runSourceAndKill } from '@millrace/testing/acceptance';
import { DrivenSource, type DriveSourceOptions, RecordedRefusals } from '@millrace/testing/drivers';
import { testTopic } from '../test-support/test-topic.ts';
import { mqttSource } from './mqtt-source.ts';

const bodies = (ids: readonly number[]): string[] => ids.map((id) => JSON.stringify({ id, note: 'x' }));

function open(url: string, more: object = {}, topic = testTopic(url)) {
  const stage = {
    topics: [`${topic.name}/#`],
    clientId: `source-${ulids.next()}`,
    table: 'public.orders',
    columns: { id: 'integer', note: 'text' },
    ...more,
  };
  const start = (options: Partial<DriveSourceOptions<Row>> = {}): Promise<DrivenSource<Row>> =>
    DrivenSource.start(mqttSource, {
      config: topic.config,
      stage,
      read: (batch) => changeEvents(batch).map(({ after }) => after!),
      ...options,
    });
  return { topic, stage, start };
}

const ids = ({ events }: DrivenSource<Row>): unknown[] => events.map(({ id }) => id);

describe('the source of MQTT messages', () => {
  it('hands every message on once, when processes are killed with -9, each a little later', async () => {
    const { topic, stage } = open((await testMqtt()).url, { inFlightMax: 20 });
    const folder = mkdtempSync(join(tmpdir(), 'millrace-mqtt-'));
    const record = join(folder, 'record.json');
    const module = { url: new URL('./mqtt-source.ts', import.meta.url).href, name: 'mqttSource' };
    const run = (killAt: number, last: number) =>
      runSourceAndKill({ module, config: topic.config, stage, jobId: 'kill', record, killAt, last });
    try {
      // Before the first one there is no session that would keep messages.
      await run(1, 0);
      let end = 0;
      // After it has handed rows on, half answered, and with the snapshot that frees their ids in the commit record.
      for (const killAt of [3, 11, 21]) {
        await topic.publish(bodies(numbers(end, end + 30)));
        end += 30;
        expect(await run(killAt, end + 1_000)).toBe(true);
      }
      await topic.publish(bodies([end]));
      expect(await run(0, end)).toBe(false);
      expect(idsOfRecord(record).toSorted((a, b) => a - b)).toEqual(numbers(0, end + 1));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 60_000);

  it('frees no id while a snapshot that may be restored has it, however many messages come', async () => {
    const { topic, start } = open((await testMqtt()).url, { inFlightMax: 10 });
    const seen: unknown[] = [];
    let restored: Awaited<ReturnType<DrivenSource<Row>['save']>> | undefined;
    const first = await start();
    restored = await first.snapshot();
    await first.close();
    const publishing = topic.publish(bodies(numbers(0, 200)));
    for (let generation = 2; seen.length < 200; generation++) {
      await using source = await start({ restored, generation });
      // Ids are used again after three snapshots, and executions end between any two of them.
      for (let round = 0; round < generation % 5; round++) {
        const before = source.events.length;
        let turns = 0;
        await source.until(() => source.events.length > before || turns++ > 5);
        const saved = await source.save();
        seen.push(...ids(source).slice(before));
        restored = saved;
        if ((generation + round) % 3 > 0) await source.commit(saved.snapshotId);
        else break;
      }
    }
    await publishing;
    expect(seen).toEqual(numbers(0, 200));
  }, 60_000);

  it('reads topics, user properties and payloads into columns, and what was retained first', async () => {
    const columns = { topic: 'text', value: 'text', about: 'json' };
    const { topic, start } = open((await testMqtt()).url, {
      columns,
      topicColumn: 'topic',
      payloadColumn: 'value',
      propertiesColumn: 'about',
    });
    const at = `${topic.name}/hall/1`;
    await topic.publish(['20.5'], { topic: at, retain: true, properties: { userProperties: { unit: 'C' } } });
    const source = await start();
    await source.untilEvents(1);
    await topic.publish(['21'], { topic: at, qos: 1 });
    await source.untilEvents(2);
    expect(source.events).toEqual([
      { topic: at, value: '20.5', about: '{"unit":"C"}' },
      { topic: at, value: '21', about: '{}' },
    ]);
    expect(source.metric('messagesBelowQos')).toBe(1);
    const restored = await source.snapshot();
    await source.close();
    // Retained messages come to a new session, and not again.
    await using next = await start({ restored, generation: 2 });
    await topic.publish(['22'], { topic: at });
    await next.untilEvents(1);
    expect(next.events).toMatchObject([{ value: '22' }]);
    await topic.publish([''], { topic: at, retain: true });
  });

  it('leaves a topic that its stage no longer names', async () => {
    const { url } = await testMqtt();
    const { topic, stage, start } = open(url);
    const first = await start();
    const restored = await first.snapshot();
    await first.close();
    const changed = open(url, { topics: [`${topic.name}/new/#`], clientId: stage.clientId }, topic);
    await using next = await changed.start({ restored, generation: 2 });
    await topic.publish(bodies([1]), { topic: `${topic.name}/old` });
    await topic.publish(bodies([2]), { topic: `${topic.name}/new/1` });
    await next.untilEvents(1);
    expect(ids(next)).toEqual([2]);
  });

  it('sets messages aside that it cannot read, and reads them again when they come back', async () => {
    const refusals = new RecordedRefusals();
    const { topic, start } = open((await testMqtt()).url, { key: ['id'] });
    await using source = await start({ refusals });
    await topic.publish(['no JSON', '{"id":1,"note":"a"}', '{"note":"no id"}', '{"id":2}']);
    await source.untilEvents(2);
    expect(refusals.refused.map(({ after }) => after!['payload'])).toEqual(['no JSON', '{"note":"no id"}']);
    const [letter] = refusals.refused;
    await source.giveBack({ ...letter!, after: { ...letter!.after, payload: '{"id":3}' } });
    expect(ids(source)).toEqual([1, 2, 3]);
    const strict = await start({ generation: 2 });
    await topic.publish(['no JSON']);
    await expect(strict.untilEvents(10)).rejects.toMatchObject({ code: { code: 'mqtt.row_refused' } });
    await strict.close();
  });

  it('says why the broker refuses it', async () => {
    await using broker = await MosquittoServer.start({
      settings: ['allow_anonymous false', 'password_file DIR/users', 'acl_file DIR/rights'],
      files: { users: '', rights: '' },
    });
    const { start } = open(broker.url);
    await expect(start()).rejects.toMatchObject({ code: { code: 'mqtt.not_allowed' }, mend: expect.any(String) });
  });

  it('goes on where it was when the broker is restarted, and says so when its session is gone', async () => {
    await using broker = await MosquittoServer.start();
    const { topic, start } = open(broker.url);
    const first = await start();
    await first.snapshot();
    await topic.publish(bodies(numbers(0, 20)));
    await first.untilEvents(20);
    // Until their ids are free.
    do await first.snapshot();
    while (first.metric('messagesInFlight') > 0);
    await topic.publish(bodies(numbers(100, 110)));
    await first.untilEvents(30);
    // The broker has heard nothing of the last ten, and sends them again.
    const restored = await first.save();
    await broker.restart();
    await expect(first.until(() => false)).rejects.toMatchObject({
      code: { code: expect.stringMatching(/^mqtt\.(unreachable|broker_refused)$/), retry: 'later' },
    });
    await first.close();
    await using next = await start({ restored, generation: 2 });
    await topic.publish(bodies(numbers(20, 30)));
    await next.untilEvents(10);
    expect(ids(next)).toEqual(numbers(20, 30));
    expect(next.metric('messagesRepeated')).toBe(10);
    const last = await next.snapshot();
    await next.close();
    // A broker that is killed has what it had saved; the file of this one is gone altogether.
    await broker.down('SIGKILL');
    rmSync(join(broker.directory, 'mosquitto.db'), { force: true });
    await broker.up();
    await expect(start({ restored: last, generation: 3 })).rejects.toMatchObject({
      code: { code: 'mqtt.session_lost' },
    });
  }, 30_000);
});
