import { describe, expect, it } from '@jest/globals';
import { runPipeline } from '../run/run-pipeline.ts';

const run = (exportName: string) =>
  runPipeline(
    { module: new URL('../../test/assertion-pipelines.ts', import.meta.url).href, exportName },
    { threads: 1 },
  );

describe('assertion sinks', () => {
  it.each(['anyOrder', 'ordered', 'collected'])('%s lets a job with the expected rows complete', async (name) => {
    await expect(run(name)).resolves.toMatchObject({ isCompleted: true });
  });

  it.each([
    ['notOrdered', /row 1 is 2, expected 3/],
    ['tooFew', /row 2 is missing, expected 3/],
    ['tooMany', /row 1 is 2, expected none/],
    ['otherRows', /missing: 4; unexpected: 3/],
    ['refused', /sum is 6/],
  ])('%s fails the job and says what is wrong', async (name, message) => {
    await expect(run(name)).rejects.toMatchObject({ message: expect.stringMatching(message) });
  });
});
