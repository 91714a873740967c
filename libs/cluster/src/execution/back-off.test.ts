import { describe, expect, it } from '@jest/globals';
import { backOffMs } from './back-off.ts';

const limits = { delayMsMin: 100, delayMsMax: 5_000 };

describe('back-off', () => {
  it('doubles up to its limit, and jitters within the upper half', () => {
    const low = { next: () => 0 };
    const high = { next: () => 1 };
    expect([1, 2, 3, 7, 60, 5_000].map((failures) => backOffMs(failures, limits, low))).toEqual([
      50, 100, 200, 2_500, 2_500, 2_500,
    ]);
    expect([1, 2, 3, 7, 60, 5_000].map((failures) => backOffMs(failures, limits, high))).toEqual([
      100, 200, 400, 5_000, 5_000, 5_000,
    ]);
  });
});
