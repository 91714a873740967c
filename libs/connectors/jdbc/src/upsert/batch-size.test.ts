import { describe, expect, it } from '@jest/globals';
import { BatchSize } from './batch-size.ts';

/** Writes full batches to a database that takes so long for each, and for each row. */
function saturate(size: BatchSize, writes: number, roundTripsMs: number, rowMs: number): number {
  for (let write = 0; write < writes; write++) {
    const rows = size.rowsMax;
    size.wrote(rows, roundTripsMs + rows * rowMs, true);
  }
  return size.rowsMax;
}

describe('the size of batches', () => {
  it('grows where the way is long, up to a limit', () => {
    expect(saturate(new BatchSize(), 40, 400, 0.005)).toBe(65_536);
  });

  it('stays where larger batches bring nothing', () => {
    const size = new BatchSize();
    saturate(size, 4, 1, 0.02);
    expect(saturate(size, 40, 1, 0.02)).toBe(16_384);
  });

  it('stays where none wait, and goes back where a write takes too long', () => {
    const size = new BatchSize();
    for (let write = 0; write < 40; write++) size.wrote(16_384, 400, false);
    expect(size.rowsMax).toBe(16_384);
    saturate(size, 40, 400, 0.005);
    size.wrote(size.rowsMax, 5_000, true);
    expect(size.rowsMax).toBe(32_768);
    expect(size.bytesMax).toBe(8 * 1_048_576);
  });
});
