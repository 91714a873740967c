import { describe, expect, it } from '@jest/globals';
import type { EventRecord } from '@millrace/formats';
import { ParkedKeys } from './parked-keys.ts';

const record = (name: string): EventRecord => ({ op: name }) as unknown as EventRecord;
const names = (records: readonly EventRecord[]): readonly string[] => records.map(({ op }) => op);

describe('keys of which records are set aside', () => {
  it('are free again when all their letters have come back, in their order', () => {
    const parked = new ParkedKeys();
    for (const number of [3, 5, 8]) parked.park('k', number);
    expect(parked.comeBack('k', 5, true)).toBe('set-aside');
    expect(parked.comeBack('k', 3, true)).toBe('process');
    expect(parked.free('k')).toEqual([]);
    expect(parked.comeBack('k', 5, false)).toBe('process');
    expect(parked.comeBack('k', 8, false)).toBe('process');
    expect(parked.has('k')).toBe(true);
    parked.free('k');
    expect(parked.has('k')).toBe(false);
    expect(parked.comeBack('k', 9, false)).toBe('process');
  });

  it('let nothing overtake a letter that was refused again', () => {
    const parked = new ParkedKeys();
    for (const number of [1, 2]) parked.park('k', number);
    expect(parked.comeBack('k', 1, false)).toBe('process');
    parked.refuseAgain('k', 1);
    expect(parked.isBehindRefused('k', 2)).toBe(true);
    expect(parked.comeBack('k', 2, false)).toBe('set-aside');
    expect(parked.comeBack('k', 1, false)).toBe('process');
    expect(parked.comeBack('k', 2, false)).toBe('process');
  });

  it('hold what comes while the last letters come back, and hand it on behind them', () => {
    const parked = new ParkedKeys();
    parked.park('k', 1);
    expect(parked.wait('k', () => record('early'))).toBe(false);
    parked.park('k', 2);
    parked.comeBack('k', 1, false);
    expect(parked.wait('k', () => record('a'))).toBe(true);
    parked.comeBack('k', 2, false);
    expect(parked.wait('k', () => record('b'))).toBe(true);
    expect(names(parked.free('k'))).toEqual(['a', 'b']);
    expect(parked.wait('k', () => record('later'))).toBe(false);
  });

  it('set aside what waited when a letter is refused again', () => {
    const parked = new ParkedKeys();
    parked.park('k', 1);
    parked.comeBack('k', 1, false);
    parked.wait('k', () => record('a'));
    expect(names(parked.refuseAgain('k', 1))).toEqual(['a']);
    expect(parked.wait('k', () => record('b'))).toBe(false);
  });

  it('hold no more than a thousand records in memory', () => {
    const parked = new ParkedKeys();
    for (const key of ['a', 'b']) {
      parked.park(key, 1);
      parked.park(key, 2);
      parked.comeBack(key, 1, false);
    }
    let held = 0;
    while (parked.wait(held % 2 === 0 ? 'a' : 'b', () => record('r'))) held += 1;
    expect(held).toBe(1_000);
  });

  it('are freed by a discard of their last letter', () => {
    const parked = new ParkedKeys();
    parked.park('k', 1);
    parked.park('k', 2);
    parked.refuseAgain('k', 1);
    parked.discard('k', 1);
    expect(parked.comeBack('k', 2, false)).toBe('process');
    parked.free('k');
    expect(parked.size).toBe(0);
    parked.discard('unknown', 7);
  });

  it('are the same after a restart', () => {
    const parked = new ParkedKeys();
    parked.park('k', 1);
    parked.park('k', 2);
    parked.comeBack('k', 1, false);
    parked.wait('k', () => record('a'));
    parked.park('other', 3);
    parked.refuseAgain('other', 3);
    const restored = new ParkedKeys();
    restored.restore(JSON.parse(JSON.stringify(parked.save())));
    expect(restored.isBehindRefused('other', 4)).toBe(true);
    expect(restored.comeBack('k', 2, false)).toBe('process');
    expect(names(restored.free('k'))).toEqual(['a']);
  });
});
