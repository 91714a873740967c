import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { changeEvents } from '@millrace/formats';
import { ulids } from '@millrace/kernel';
import { RedisServer, testRedis } from '@millrace/testing';
import { numbers } from '@millrace/testing/acceptance';
import { DrivenSource } from '@millrace/testing/drivers';
import { Redis } from 'ioredis';
import { redisSource } from '../redis-source.ts';
import { WAITING_CHARACTERS_MAX } from './channel-source.processor.ts';

let redis: Redis;
let config: { readonly host: string; readonly port: number };

beforeAll(async () => {
  const { url } = await testRedis();
  redis = new Redis(url);
  const { hostname: host, port } = new URL(url);
  config = { host, port: Number(port) };
});
afterAll(() => redis.disconnect());

const start = (keys: readonly string[], place = config) =>
  DrivenSource.start(redisSource, {
    config: place,
    stage: { type: 'publish', keys, table: 'public.orders', columns: { id: 'integer' }, key: ['id'] },
    read: (batch) => changeEvents(batch).map(({ after }) => Number(after!['id'])),
  });

it('hands on what is published while it listens, by name and by pattern, each message once', async () => {
  const name = ulids.next();
  await redis.publish(name, '{"id":0}');
  await using source = await start([name, `${name}.*`]);
  await redis.publish(name, '{"id":1}');
  await redis.publish(`${name}.more`, '{"id":2}');
  await redis.publish(`${name}2`, '{"id":3}');
  await redis.publish(name, '{"id":4}');
  expect(await source.untilEvents(3)).toEqual([1, 2, 4]);
});

it('says which channel has a message that is no row', async () => {
  const name = ulids.next();
  await using source = await start([name]);
  await redis.publish(name, 'no json');
  await expect(source.untilEvents(1)).rejects.toMatchObject({
    code: { code: 'redis.entry_refused' },
    message: `a message of channel ${name}: it is not JSON`,
  });
});

it('drops and counts what comes while too much waits', async () => {
  const name = ulids.next();
  await using source = await start([name]);
  source.isFull = true;
  const padding = 'x'.repeat(1_048_576);
  const COUNT = WAITING_CHARACTERS_MAX / 1_048_576 + 4;
  for (const id of numbers(0, COUNT)) await redis.publish(name, JSON.stringify({ id, padding }));
  await source.until(() => source.metric('messagesDropped') >= 4);
  source.isFull = false;
  await source.untilEvents(COUNT - source.metric('messagesDropped'));
  expect(source.events).toEqual(numbers(0, source.events.length));
});

it('fails when its connection breaks, for what is published meanwhile is lost', async () => {
  await using own = await RedisServer.start();
  await using source = await start([ulids.next()], { host: '127.0.0.1', port: own.port });
  await own[Symbol.asyncDispose]();
  expect(await source.failure).toMatchObject({ code: { code: 'redis.unreachable', retry: 'later' } });
});
