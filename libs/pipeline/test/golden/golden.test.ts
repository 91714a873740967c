import { afterAll, describe, expect, it } from '@jest/globals';
import { Runs, sorted } from '../runs.ts';
import { expected } from './expected.ts';
import * as pipelines from './pipelines.ts';

const MODULE = new URL('./pipelines.ts', import.meta.url);
const names = Object.entries(pipelines)
  .filter(([name, value]) => typeof value === 'function' && !['eventOf', 'timeOf'].includes(name))
  .map(([name]) => name);

const runs = new Runs(MODULE);
afterAll(() => runs[Symbol.asyncDispose]());

it('every pipeline has a known output, and every output a pipeline', () => {
  expect([...names].sort()).toEqual(Object.keys(expected).sort());
});

describe.each(names)('golden pipeline %s', (name) => {
  const rows = (): string[] => sorted(expected[name]!());

  it('gives what a plain program gives, through generated code and through the interpreter', async () => {
    expect(sorted(await runs.straight(name, 'generated'))).toEqual(rows());
    expect(sorted(await runs.straight(name, 'interpreted'))).toEqual(rows());
  });

  it('gives the same when it is stopped and continued on other numbers of threads, each row once', async () => {
    expect(sorted(await runs.interrupted(name))).toEqual(rows());
  });
});

it('a sorted batch is in order', async () => {
  const { ROWS } = pipelines;
  expect(await runs.straight('batchSort', 'generated')).toEqual(Array.from({ length: ROWS }, (_, n) => ROWS - 1 - n));
});
