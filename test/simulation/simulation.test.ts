import { readFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { describe, expect, it } from '@jest/globals';
import { type SimulateOptions, simulate } from '@millrace/testing/simulation';
import { commandFor } from './command.ts';
import { pipelines } from './pipelines.ts';

const SEEDS_PER_PIPELINE = 12;
/** Of those that are long. */
const FEWER_SEEDS: Readonly<Record<string, number>> = { 'many-keys': 4, 'many-keys-rolling': 8 };
/** A mutant must be found within so many runs. */
const MUTANT_SEEDS_MAX = 60;

interface Regression {
  readonly pipeline: string;
  readonly seed: number;
  readonly was: string;
}
const regressions = JSON.parse(
  readFileSync(new URL('./regressions.json', import.meta.url), 'utf8'),
) as readonly Regression[];

/** Findings with the command that repeats them, so that a failure says what to do. */
async function findings(pipeline: string, seed: number): Promise<readonly string[]> {
  const report = await simulate(pipelines[pipeline]!, { seed });
  const command = commandFor(pipeline, seed);
  return report.findings.map(({ invariant, message }) => `${invariant} ${message} (repeat: ${command})`);
}

describe('INV-6, INV-7, INV-8, INV-9, INV-10 and INV-11', () => {
  it.each(Object.keys(pipelines))('hold for %s, whatever goes wrong', async (pipeline) => {
    const last = FEWER_SEEDS[pipeline] ?? SEEDS_PER_PIPELINE;
    for (let seed = 1; seed <= last; seed++) expect(await findings(pipeline, seed)).toEqual([]);
  });

  it.each(regressions)('hold for $pipeline with seed $seed, which was: $was', async ({ pipeline, seed }) => {
    expect(await findings(pipeline, seed)).toEqual([]);
  });
});

describe('a simulation', () => {
  it('is the same, step by step, for the same seed, and another for another', async () => {
    const trace = async (seed: number) => {
      const { trace: digest, steps, faults } = await simulate(pipelines.sliding!, { seed });
      return { digest, steps, faults };
    };
    const first = await trace(7);
    expect(await trace(7)).toEqual(first);
    expect(await trace(8)).not.toEqual(first);
  });

  /** The seed and invariant by which a mutant is found. */
  async function foundAt(pipeline: string, options: Omit<SimulateOptions, 'seed'>): Promise<string | undefined> {
    for (let seed = 1; seed <= MUTANT_SEEDS_MAX; seed++) {
      const report = await simulate(pipelines[pipeline]!, { ...options, seed });
      const [finding] = report.findings;
      if (finding !== undefined) return finding.invariant;
    }
    return undefined;
  }

  it('finds barriers that are not aligned', async () => {
    expect(await foundAt('tumbling', { guarantee: 'at-least-once' })).toMatch(/INV-(6|11)/);
  });

  it('finds one restored key that got lost', async () => {
    const found = await foundAt('rolling', {
      damage: (state) =>
        state.map(({ vertex, entries }) => {
          const lost = entries.findIndex(({ key }) => key.includes('keys-'));
          return { vertex, entries: entries.filter((_, index) => index !== lost) };
        }),
    });
    expect(found).toMatch(/INV-(6|7|8|11)/);
  });

  it('finds a source position that is one too small, and one too large', async () => {
    const shifted = (delta: number): SimulateOptions['damage'] => {
      return (state) => state.map((each) => ({ ...each, entries: each.entries.map((entry) => shift(entry, delta)) }));
    };
    expect(await foundAt('stateless', { damage: shifted(-1) })).toMatch(/INV-(1|6|11)/);
    expect(await foundAt('stateless', { damage: shifted(1) })).toMatch(/INV-(6|11)/);
  });
});

type Entry = Parameters<NonNullable<SimulateOptions['damage']>>[0][number]['entries'][number];

function shift(entry: Entry, delta: number): Entry {
  if (!entry.key.includes('source-')) return entry;
  const splits = deserialize(entry.value) as { readonly split: number; readonly next: number }[];
  const value = serialize(splits.map(({ split, next }) => ({ split, next: Math.max(0, next + delta) })));
  return { ...entry, value };
}
