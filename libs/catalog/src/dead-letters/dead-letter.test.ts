import { expect, it } from '@jest/globals';
import { letterId, letterRanges, parseLetterId } from './dead-letter.ts';

it('ids of letters are read as they are written, and nothing else is', () => {
  expect(parseLetterId(letterId({ stage: 'copy-2', number: 17 }))).toEqual({ stage: 'copy-2', number: 17 });
  for (const text of [
    '',
    'copy',
    'copy.',
    '.1',
    'copy.01',
    'copy.1.2',
    'copy.-1',
    'copy.1e3',
    `copy.${'9'.repeat(16)}`,
  ])
    expect(parseLetterId(text)).toBeUndefined();
});

it('many ids are told in few words', () => {
  const letters = [5, 1, 2, 3, 9, 10].map((number) => ({ stage: 'copy', number }));
  expect(letterRanges([{ stage: 'b', number: 4 }, ...letters])).toEqual(['b.4', 'copy.1-3', 'copy.5', 'copy.9-10']);
});
