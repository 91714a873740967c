import { describe, expect, it } from '@jest/globals';
import type { Lsn } from '@millrace/formats';
import { type Clock, systemClock } from '@millrace/kernel';
import { Acknowledger } from './acknowledger.ts';

interface Status {
  readonly write: bigint;
  readonly flush: bigint;
  readonly apply: bigint;
  readonly wantsAnswer: boolean;
}

/** A clock whose timer fires when told to. */
class HandClock implements Clock {
  readonly intervals: number[] = [];
  fire: () => void = () => {};
  nowMs = (): number => 946_684_800_000 + 1_000;
  monotonicMs = (): number => systemClock.monotonicMs();
  sleep = (durationMs: number, signal?: AbortSignal): Promise<void> => systemClock.sleep(durationMs, signal);
  timer(durationMs: number, callback: () => void): () => void {
    this.intervals.push(durationMs);
    this.fire = callback;
    return () => {
      this.fire = () => {};
    };
  }
}

function open(walSenderTimeoutMs = 60_000) {
  const clock = new HandClock();
  const sent: Status[] = [];
  const send = (message: Uint8Array): void => {
    const bytes = Buffer.from(message);
    expect([
      bytes.length,
      bytes.toString('latin1', 0, 1),
      bytes.readInt32BE(1),
      bytes.toString('latin1', 5, 6),
    ]).toEqual([39, 'd', 38, 'r']);
    expect(bytes.readBigInt64BE(30)).toBe(1_000_000n);
    const [write, flush, apply] = [6, 14, 22].map((at) => bytes.readBigUInt64BE(at));
    sent.push({ write: write!, flush: flush!, apply: apply!, wantsAnswer: bytes[38] === 1 });
  };
  const acknowledger = new Acknowledger({ clock, send, acknowledged: 100n as Lsn, walSenderTimeoutMs });
  acknowledger.start();
  return { acknowledger, clock, sent };
}

describe('Acknowledger', () => {
  it('INV-1: says what arrived as written, and flushes nothing before a snapshot is committed', () => {
    const { acknowledger, clock, sent } = open();
    acknowledger.received(500n as Lsn);
    acknowledger.saved(1, 300n as Lsn);
    clock.fire();
    acknowledger.reply(true);
    expect(sent.slice(1)).toEqual([
      { write: 500n, flush: 100n, apply: 100n, wantsAnswer: false },
      { write: 500n, flush: 100n, apply: 100n, wantsAnswer: true },
    ]);
    acknowledger.committed(1);
    expect(sent.at(-1)).toEqual({ write: 500n, flush: 300n, apply: 300n, wantsAnswer: false });
  });

  it('never goes back, and takes a commit twice, of a later snapshot first, or of one it does not know', () => {
    const { acknowledger, sent } = open();
    acknowledger.saved(1, 200n as Lsn);
    acknowledger.saved(2, 300n as Lsn);
    for (const snapshotId of [2, 2, 1, 7]) acknowledger.committed(snapshotId);
    expect(acknowledger.acknowledged).toBe(300n);
    expect(sent.map((status) => status.flush)).toEqual([100n, 300n]);
    acknowledger.acknowledge(50n as Lsn);
    expect(acknowledger.acknowledged).toBe(300n);
  });

  it.each([
    [0, 1_000],
    [60_000, 1_000],
    [600, 150],
    [40, 50],
  ])('with wal_sender_timeout %i ms it reports every %i ms until it is stopped', (timeoutMs, intervalMs) => {
    const { acknowledger, clock, sent } = open(timeoutMs);
    clock.fire();
    clock.fire();
    expect(clock.intervals).toEqual([intervalMs, intervalMs, intervalMs]);
    expect(sent).toHaveLength(3);
    acknowledger.stop();
    clock.fire();
    expect(sent).toHaveLength(3);
  });
});
