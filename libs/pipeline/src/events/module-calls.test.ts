import { describe, expect, it } from '@jest/globals';
import { derivedSchema } from '@millrace/formats';
import { systemClock } from '@millrace/kernel';
import { importFunction, type MapFunction, ModuleCalls } from './module-calls.ts';

const { columns } = derivedSchema('millrace', 'calls', [
  { name: 'score', kind: 'float', sqlType: 'float8' },
  { name: 'tags', kind: 'json', sqlType: 'jsonb' },
  { name: 'isBig', kind: 'boolean', sqlType: 'bool' },
  { name: 'at', kind: 'timestamptz', sqlType: 'timestamptz' },
]);

const calls = (call: MapFunction, concurrency = 2) =>
  new ModuleCalls({
    tellsFailures: false,
    function: call,
    parameters: ['id', 'note'],
    columns,
    options: { unit: 'm' },
    concurrency,
    attempts: {
      clock: systemClock,
      signal: new AbortController().signal,
      stage: 'scored',
      retries: 1,
      backoffMs: 1,
      timeoutMs: 60_000,
    },
  });

describe('calls of a module', () => {
  it('give a column for each value, as PostgreSQL writes it, in the order of the events', async () => {
    const call: MapFunction = async ({ id, note }, { options }) => {
      await systemClock.sleep(5 - Number(id));
      if (note === null) return undefined;
      return { score: Number(id) / 2, tags: { note, options }, isBig: id === '2', at: new Date(0) };
    };
    expect(
      await calls(call).find([
        ['1', 'a'],
        ['2', 'b'],
        ['3', null],
      ]),
    ).toEqual([
      ['0.5', '{"note":"a","options":{"unit":"m"}}', 'f', '1970-01-01 00:00:00.000+00'],
      ['1', '{"note":"b","options":{"unit":"m"}}', 't', '1970-01-01 00:00:00.000+00'],
      undefined,
    ]);
  });

  it('are so many at a time and no more', async () => {
    let running = 0;
    let most = 0;
    const call: MapFunction = async () => {
      most = Math.max(most, ++running);
      await systemClock.sleep(1);
      running -= 1;
      return {};
    };
    await calls(call, 3).find(Array.from({ length: 20 }, (_, at) => [String(at), 'x']));
    expect(most).toBe(3);
  });

  it('are repeated when they fail, and then end the job with their own words', async () => {
    let failures = 0;
    const once: MapFunction = () => {
      if (failures++ === 0) throw new Error('busy');
      return { score: 1 };
    };
    expect(await calls(once).find([['1', 'a']])).toEqual([['1', null, null, null]]);
    const never: MapFunction = () => Promise.reject(new Error('no such host'));
    await expect(calls(never).find([['1', 'a']])).rejects.toMatchObject({
      code: { code: 'operators.async_call_failed' },
      message: expect.stringContaining('no such host'),
    });
  });

  it('refuse what are no columns of the stage', async () => {
    const other: MapFunction = () => ({ scroe: 1 });
    await expect(calls(other).find([['1', 'a']])).rejects.toMatchObject({
      code: { code: 'pipeline.bad_answer' },
      message: 'the function of stage scored gave a column "scroe"',
    });
    const text = (() => 'high') as unknown as MapFunction;
    await expect(calls(text).find([['1', 'a']])).rejects.toMatchObject({ code: { code: 'pipeline.bad_answer' } });
  });

  it('need a function of that name', async () => {
    const url = `data:text/javascript,${encodeURIComponent('export const score = 1;')}`;
    await expect(importFunction(url, 'score')).rejects.toMatchObject({
      code: { code: 'pipeline.module_without_function' },
      details: { exports: ['score'] },
    });
  });
});
