import { describe, expect, it } from '@jest/globals';
import { checkCut, checkShown } from './checks.ts';
import { Findings } from './findings.ts';
import { type SinkChecks, Target } from './outside/target.ts';
import type { SimulatedWorld } from './simulated-world.ts';

interface Row {
  readonly key: string;
  readonly n: number;
}

const checks: SinkChecks<Row> = {
  order: { keyOf: (row) => row.key, orderOf: (row) => row.n },
  unique: (row) => `${row.key}${row.n}`,
};

function showing(...rows: readonly Row[]): SimulatedWorld {
  const findings = new Findings();
  const target = new Target('out', checks as SinkChecks<unknown>, { findings, witnessed: () => 1 });
  target.prepare('handle', { snapshotId: 1, generation: 1, rows });
  target.commit('handle', 1);
  return { targets: new Map([['out', target]]) } as unknown as SimulatedWorld;
}

const a = (n: number): Row => ({ key: 'a', n });
const b = (n: number): Row => ({ key: 'b', n });
const found = (expected: SimulatedWorld, actual: SimulatedWorld): string[] =>
  checkShown(expected, actual).map(({ invariant }) => invariant);

describe('what a run shows', () => {
  it('may come in any order between keys', () => {
    expect(found(showing(a(1), a(2), b(1)), showing(b(1), a(1), a(2)))).toEqual([]);
  });

  it('INV-6 lacks nothing and has nothing else', () => {
    expect(checkShown(showing(a(1), a(2)), showing(a(1)))).toEqual([
      { invariant: 'INV-6', message: 'out: 1 rows are missing: {"key":"a","n":2} (1)' },
    ]);
    expect(checkShown(showing(a(1)), showing(a(1), b(1)))).toEqual([
      { invariant: 'INV-6', message: 'out: 1 rows are too many: {"key":"b","n":1} (1)' },
    ]);
  });

  it('INV-7 has nothing twice, also when an undisturbed run does', () => {
    expect(found(showing(b(1), b(1)), showing(b(1), b(1)))).toContain('INV-7');
  });

  it('INV-8 keeps the order of each key', () => {
    expect(found(showing(a(1), a(2)), showing(a(2), a(1)))).toEqual(['INV-8']);
  });

  it('INV-11 is what an undisturbed run shows, wherever it was continued', () => {
    expect(checkCut(showing(a(1), a(2)), showing(a(1)), 3)).toMatchObject([{ invariant: 'INV-11' }]);
    expect(checkCut(showing(a(1), a(2)), showing(a(1), a(2)), 3)).toEqual([]);
  });
});

describe('a target', () => {
  const target = (witnessed: number) => {
    const findings = new Findings();
    return { findings, target: new Target('out', {}, { findings, witnessed: () => witnessed }) };
  };

  it('INV-2 tells when something is shown that nobody remembers', () => {
    const { findings, target: out } = target(1);
    out.prepare('h', { snapshotId: 2, generation: 1, rows: [] });
    out.commit('h', 1);
    expect(findings.list).toMatchObject([{ invariant: 'INV-2' }]);
  });

  it('refuses who has been fenced, and rolls back what came after the restored snapshot', () => {
    const { findings, target: out } = target(2);
    out.prepare('one', { snapshotId: 1, generation: 1, rows: [1] });
    out.prepare('two', { snapshotId: 2, generation: 1, rows: [2] });
    out.restore(['one'], 1, 2);
    expect(out.shown).toEqual([{ row: 1, snapshotId: 1 }]);
    expect(() => out.commit('two', 1)).toThrow('owned by generation 2');
    out.commit('two', 2);
    expect(findings.list).toMatchObject([{ invariant: 'INV-6' }]);
  });

  it('commits twice without harm', () => {
    const { findings, target: out } = target(1);
    out.prepare('one', { snapshotId: 1, generation: 1, rows: [1] });
    out.commit('one', 1);
    out.commit('one', 1);
    expect(out.shown).toHaveLength(1);
    expect(findings.list).toEqual([]);
  });
});
