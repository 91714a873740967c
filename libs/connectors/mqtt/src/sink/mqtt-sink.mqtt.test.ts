import { expect, it } from '@jest/globals';
import { type ChangeBatch, declaredSchema, encodeRows } from '@millrace/formats';
import { MosquittoServer, TestAuthority, testMqtt } from '@millrace/testing';
import { insertBatch } from '@millrace/testing/acceptance';
import { DrivenSink } from '@millrace/testing/drivers';
import type { IPublishPacket } from 'mqtt';
import { TestReader, testTopic } from '../test-support/test-topic.ts';
import { mqttSink } from './mqtt-sink.ts';

const SCHEMA = declaredSchema({
  table: 'public.rooms',
  columns: { site: 'text', room: 'integer', degrees: 'numeric' },
  key: ['site', 'room'],
});

const rows = (...values: readonly (readonly [site: string, room: string, degrees: string])[]): ChangeBatch =>
  encodeRows(
    SCHEMA,
    values.map(([site, room, degrees]) => ({ site, room, degrees })),
    { receivedMs: 0, isDelete: ({ degrees }) => degrees === '0' },
  );

const shown = ({ topic, payload, retain }: IPublishPacket): string =>
  `${topic.slice(topic.indexOf('/') + 1)} ${payload.toString()}${retain ? ' retained' : ''}`;

it('keeps the rows of a table as retained messages, a topic for each key', async () => {
  const { url } = await testMqtt();
  const { name, config } = testTopic(url);
  await using sink = await DrivenSink.start(mqttSink, {
    config,
    stage: { topic: `${name}/{table}/{key}`, retain: true },
  });
  await sink.write(rows(['north', '1', '20'], ['a/b', '2', '19'], ['north', '1', '21'], ['north', '3', '18']));
  await sink.write(rows(['north', '3', '0']));
  await sink.snapshot(1);
  const reader = await TestReader.open(url, name);
  expect((await reader.all()).map(shown).toSorted()).toEqual([
    'rooms/a_b/2 {"site":"a/b","room":2,"degrees":"19"} retained',
    'rooms/north/1 {"site":"north","room":1,"degrees":"21"} retained',
  ]);
  await sink.write(rows(['a/b', '2', '0'], ['north', '1', '0']));
  await sink.snapshot(2);
  await reader.close();
});

it('gives an event the same id when it comes again', async () => {
  const { url } = await testMqtt();
  const { name, config } = testTopic(url);
  const reader = await TestReader.open(url, name);
  for (const generation of [1, 2]) {
    await using sink = await DrivenSink.start(mqttSink, {
      config,
      stage: { topic: `${name}/x`, qos: 2, expireSeconds: 60 },
      generation,
    });
    await sink.write(insertBatch(0, 3));
    await sink.prepare(1);
  }
  const properties = (await reader.all()).map((message) => message.properties!);
  const found = properties.map(({ userProperties }) => userProperties!['millrace-id']);
  expect(new Set(found).size).toBe(3);
  expect(found.slice(3)).toEqual(found.slice(0, 3));
  expect(properties[0]).toMatchObject({
    contentType: 'application/json',
    userProperties: { 'millrace-op': 'c', 'millrace-table': 'public.orders' },
  });
  await reader.close();
});

it('speaks TLS with a certificate that is trusted, and says what is wrong with another', async () => {
  const authority = await TestAuthority.make('test authority');
  const { certificate, key } = await authority.sign('broker', ['localhost']);
  await using broker = await MosquittoServer.start({
    settings: ['allow_anonymous true', 'certfile DIR/cert.pem', 'keyfile DIR/key.pem'],
    files: { 'cert.pem': certificate, 'key.pem': key },
  });
  const config = { host: 'localhost', port: broker.port };
  const trusting = { ...config, tls: { ca: authority.certificate } };
  const signal = new AbortController().signal;
  const check = (given: object) => mqttSink.check(mqttSink.config.parse(given), signal);
  expect(await check(trusting)).toMatchObject([{ severity: 'ok' }]);
  expect(await check({ ...config, tls: {} })).toMatchObject([
    { code: 'mqtt.unreachable', message: expect.stringContaining('certificate') },
  ]);
  await using sink = await DrivenSink.start(mqttSink, { config: trusting });
  await sink.write(insertBatch(0, 3));
  await sink.snapshot(1);
  expect(sink.metric('rowsWritten')).toBe(3);
});
