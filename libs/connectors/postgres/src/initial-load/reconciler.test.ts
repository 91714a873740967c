import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Entry, SimulatedLoad } from './testing/simulated-load.ts';

const step = fc.record({ kind: fc.nat(16), seed: fc.nat(1_000_000) });

/** Small numbers out of one: what a step chooses. */
function chooser(seed: number): () => number {
  let state = seed + 1;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 10;
  };
}

function drive(load: SimulatedLoad, steps: readonly { readonly kind: number; readonly seed: number }[]): void {
  for (const { kind, seed } of steps) {
    if (kind < 2) load.beginTransaction();
    else if (kind < 5) load.commit(chooser(seed));
    else if (kind < 7) load.show(seed);
    else if (kind < 9) load.stream(1 + (seed % 4));
    else if (kind === 9) load.plan(seed);
    else if (kind === 10) load.askMark();
    else if (kind === 11) load.beginReading(seed);
    else if (kind < 14) load.pump(seed % 4);
    else if (kind === 14) load.keepalive();
    else if (seed % 3 === 0) load.crash();
    else load.snapshot();
  }
}

/**
 * After the (last) reading of a key come all the changes that came after what was read; after a truncate, which may take along rows
 * that were read behind it already, all from a creation on.
 */
function fits(history: readonly Entry[], all: readonly Entry[]): boolean {
  const begin = history.findLastIndex(([op]) => op === 'r' || op === 't');
  const later = history.slice(begin + 1);
  const isReading = history[begin]?.[0] === 'r';
  if (isReading) return equalsRest(later, all.slice(all.findIndex(([, v]) => v === history[begin]![1]) + 1));
  if (later.length > 0 && later[0]![0] !== 'c') return false;
  return later.length === 0 || all.some((_, from) => equalsRest(later, all.slice(from)));
}

/** The same changes; a key that moved here with fields nobody had may have come and gone before it could be read. */
function equalsRest(later: readonly Entry[], rest: readonly Entry[]): boolean {
  const [first] = rest;
  if (first === undefined) return later.length === 0;
  if (later[0]?.[0] === first[0] && later[0][1] === first[1]) return equalsRest(later.slice(1), rest.slice(1));
  if (first[2] !== 'moved') return false;
  return rest.some(([op], gone) => op === 'd' && equalsRest(later, rest.slice(gone + 1)));
}

const RUNS = Number(process.env['RUNS'] ?? 600);

describe('Reconciler', () => {
  it('gives sinks that show nothing before the commit one r per key and then exactly its later changes', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 250, size: 'max' }), (steps) => {
        const load = new SimulatedLoad(false);
        drive(load, steps);
        expect(load.finish()).toBe(true);
        expect(load.sink.violations).toEqual([]);
        expect(load.sink.rows).toEqual(load.table);
        for (const [key, history] of load.sink.histories) {
          const all = load.history.get(key) ?? [];
          expect(fits(history, all) || JSON.stringify({ key, history, all })).toBe(true);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('brings sinks that show rows at once to the table, whatever they showed before a crash', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 250, size: 'max' }), (steps) => {
        const load = new SimulatedLoad(true);
        drive(load, steps);
        expect(load.finish()).toBe(true);
        expect(load.sink.violations).toEqual([]);
        expect(load.sink.rows).toEqual(load.table);
      }),
      { numRuns: RUNS },
    );
  });

  it.each([
    ['shows rows at once', true],
    ['shows nothing before the commit', false],
  ])('brings a sink that has the rows already, and %s, to the table when it is loaded again', (_, showsAtOnce) => {
    const steps = fc.array(step, { maxLength: 120, size: 'max' });
    fc.assert(
      fc.property(steps, fc.boolean(), steps, (before, isLoaded, after) => {
        const load = new SimulatedLoad(showsAtOnce);
        drive(load, before);
        if (isLoaded) load.finish();
        load.reload();
        drive(load, after);
        expect(load.finish()).toBe(true);
        expect(load.sink.violations).toEqual([]);
        expect(load.sink.rows).toEqual(load.table);
      }),
      { numRuns: RUNS },
    );
  });
});
