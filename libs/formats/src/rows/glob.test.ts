import { expect, it } from '@jest/globals';
import { globPattern, globPrefix, globProblem } from './glob.ts';

it.each([
  ['a/*.csv', ['a/x.csv', 'a/.csv'], ['a/b/x.csv', 'b/x.csv', 'a/xcsv', 'a/x.csv.gz']],
  ['a/**/*.gz', ['a/x.gz', 'a/b/x.gz', 'a/b/c/x.gz'], ['ab/x.gz', 'a/x.zst']],
  ['**', ['x', 'a/b', ''], []],
  ['day=2024-0?/x+(1).csv', ['day=2024-01/x+(1).csv'], ['day=2024-0//x+(1).csv', 'day=2024-01/xx1.csv']],
])('%s stands for %j and not for %j', (glob, matching, others) => {
  expect(globProblem(glob)).toBeUndefined();
  expect(matching.filter((key) => !globPattern(glob).test(key))).toEqual([]);
  expect(others.filter((key) => globPattern(glob).test(key))).toEqual([]);
  expect(matching.every((key) => key.startsWith(globPrefix(glob)))).toBe(true);
});

it.each(['', '/a', 'a//b', 'a/{x,y}', '[a]', 'a/***', 'a**/b', '**a', 'a\\b'])('%j is refused', (glob) => {
  expect(globProblem(glob)).toBeDefined();
});
