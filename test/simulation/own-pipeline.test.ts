import { describe, expect, it } from '@jest/globals';
import { AggregateOperations } from '@millrace/operators';
import { Pipeline, tumbling } from '@millrace/pipeline';
import { type SimulatedWorld, simulate } from '@millrace/testing/simulation';

// #region pipeline
interface Order {
  readonly customer: string;
  readonly timeMs: number;
  readonly total: number;
}

function turnover(world: SimulatedWorld): Pipeline {
  const orders = world.source<Order>('orders', {
    timeOf: (order) => order.timeMs,
    rows: (_split, random) =>
      Array.from({ length: 100 }, (_, n) => ({
        customer: random.pick(['ada', 'grace', 'linus']),
        timeMs: 1_000 + 10 * n,
        total: random.integer(1, 500),
      })),
  });
  const p = Pipeline.create();
  p.readFrom(orders)
    .withNativeTimestamps(0)
    .groupingKey((order) => order.customer)
    .window(tumbling(100))
    .aggregate(AggregateOperations.summing((order: Order) => order.total))
    .writeTo(world.sink('turnover', { unique: ({ key, end }) => `${key} ${end}` }));
  return p;
}
// #endregion

describe("a pipeline of one's own", () => {
  // #region test
  it('survives everything', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { findings } = await simulate(turnover, { seed });
      expect({ seed, findings }).toEqual({ seed, findings: [] });
    }
  });
  // #endregion

  // #region fault
  it('survives a process that dies between the commit record and phase two', async () => {
    const { findings, restores } = await simulate(turnover, {
      seed: 1,
      faults: [{ kind: 'kill-at-request', request: 'store.write', nth: 2, hasEffect: true, threads: 3 }],
    });
    expect(findings).toEqual([]);
    expect(restores).toBe(1);
  });
  // #endregion

  it('is found out when it keeps something that no snapshot knows', async () => {
    const numbered = (world: SimulatedWorld): Pipeline => {
      let seen = 0;
      const p = Pipeline.create();
      p.readFrom(world.source('numbers', { splits: 1, rows: () => Array.from({ length: 200 }, (_, n) => n) }))
        .withoutTimestamps()
        .map((n) => ({ n, seen: seen++ }))
        .writeTo(world.sink('out'));
      return p;
    };
    const { findings } = await simulate(numbered, {
      seed: 1,
      faults: [{ kind: 'kill', atStep: 150, threads: 1 }],
    });
    expect(findings[0]).toMatchObject({ invariant: 'INV-6' });
  });
});
