import { describe, expect, it } from '@jest/globals';
import { ReadPacer } from './read-pacer.ts';

const BUFFER_BYTES = 1_048_576;

/** Delays after reads of `readBytes`, one each `everyMs`. */
function delays(pacer: ReadPacer, fromMs: number, count: number, everyMs: number, readBytes: number): number[] {
  return Array.from({ length: count }, (_, read) => pacer.delayMs(fromMs + read * everyMs, readBytes, BUFFER_BYTES));
}

describe('ReadPacer', () => {
  it('reads a quiet stream at once', () => {
    expect(Math.max(...delays(new ReadPacer(), 1_000, 200, 1, 600))).toBe(0);
  });

  it('lets data gather while much is coming in small pieces', () => {
    const pacer = new ReadPacer();
    const all = delays(pacer, 1_000, 200, 1, 40_000);
    expect(all.slice(0, 19).every((delay) => delay === 0)).toBe(true);
    expect(all.slice(25).every((delay) => delay > 0)).toBe(true);
  });

  it('does not wait when there is more than it can take in one read', () => {
    expect(Math.max(...delays(new ReadPacer(), 1_000, 100, 2, BUFFER_BYTES))).toBe(0);
  });

  it('reads at once again after a pause', () => {
    const pacer = new ReadPacer();
    delays(pacer, 1_000, 200, 1, 40_000);
    expect(pacer.delayMs(3_000, 500, BUFFER_BYTES)).toBe(0);
  });
});
