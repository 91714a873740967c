import { describe, expect, it } from '@jest/globals';
import type { Lsn } from '@millrace/formats';
import { LagMeter } from './lag.ts';

const at = (position: number): Lsn => BigInt(position) as Lsn;

describe('LagMeter', () => {
  it('tells bytes against the newest end of WAL it heard of', () => {
    const meter = new LagMeter();
    meter.heard(at(1_000), 0n, 0);
    meter.serverAt(at(5_000));
    meter.serverAt(at(4_000));
    expect(meter.lag(at(1_500), 0).lagBytes).toBe(3_500);
    expect(meter.lag(at(6_000), 0).lagBytes).toBe(0);
  });

  it('tells the age of the last change by the server’s clock, whatever ours says', () => {
    const meter = new LagMeter();
    // Our clock is an hour ahead; the second message was late by 40 ms.
    meter.heard(at(10), 1_000_000n, 3_601_000);
    meter.heard(at(20), 2_000_000n, 3_602_040);
    meter.emitted(2_950_000n, 3_603_000);
    expect(meter.lag(at(20), 3_603_000).lagMs).toBe(50);
  });

  it('is zero a while after the last change when the source has passed everything, and not before', () => {
    const meter = new LagMeter();
    meter.heard(at(100), 0n, 0);
    meter.emitted(1_000n, 71);
    expect(meter.lag(at(100), 500).lagMs).toBe(70);
    expect(meter.lag(at(50), 5_000).lagMs).toBe(70);
    expect(meter.lag(at(100), 5_000).lagMs).toBe(0);
  });

  it('tells no age of rows of the initial load, which were committed at no known time', () => {
    const meter = new LagMeter();
    meter.heard(at(100), 0n, 0);
    meter.emitted(0n, 1_795_000_000_000);
    expect(meter.lag(at(50), 1_795_000_000_000).lagMs).toBe(0);
  });
});
