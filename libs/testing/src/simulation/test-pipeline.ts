import { deepStrictEqual, ok } from 'node:assert/strict';
import type { Pipeline, StreamSource } from '@millrace/pipeline';
import type { Fault } from './faults/fault.ts';
import { simulate } from './simulate.ts';
import type { SimulatedWorld } from './simulated-world.ts';

const SEED_DEFAULT = 1;
const THREADS_AFTER_CRASH = 2;

/** What a pipeline under test reads from and writes to. */
export interface FedWorld {
  /** The rows that the test feeds under this name, in their order. With `timeOf` (milliseconds) they have event times. */
  source<Row>(name: string, timeOf?: (row: Row) => number): StreamSource<Row>;
  sink: SimulatedWorld['sink'];
}

export interface SinkExpectation {
  /**
   * The sink shows these rows, in any order, each exactly as often as it is here; and so did a run without the crashes.
   * @throws AssertionError when it does not, or when one of the crashes never came
   */
  exactlyOnce(rows: readonly unknown[]): Promise<void>;
}

/** A pipeline, what it is fed and what goes wrong; each call adds to it. */
export interface PipelineTest {
  feed(source: string, rows: readonly unknown[]): PipelineTest;
  /** The process dies when so many snapshots have been committed, and another goes on. */
  crashAfter(snapshots: number): PipelineTest;
  /** Another order of events; the same seed gives the same run. Default 1. */
  seed(seed: number): PipelineTest;
  expectSink(name: string): SinkExpectation;
}

interface Parts {
  readonly build: (world: FedWorld) => Pipeline;
  readonly fed: ReadonlyMap<string, readonly unknown[]>;
  readonly crashes: readonly Fault[];
  readonly seed: number;
}

/**
 * Runs a pipeline as a job in virtual time, with its real coordinator, snapshots and restores:
 * `await testPipeline(build).feed('orders', rows).crashAfter(3).expectSink('totals').exactlyOnce([…])`.
 */
export const testPipeline = (build: (world: FedWorld) => Pipeline): PipelineTest =>
  withParts({ build, fed: new Map(), crashes: [], seed: SEED_DEFAULT });

function withParts(parts: Parts): PipelineTest {
  return {
    feed: (source, rows) => withParts({ ...parts, fed: new Map([...parts.fed, [source, rows]]) }),
    crashAfter: (nth) => withParts({ ...parts, crashes: [...parts.crashes, crash(nth)] }),
    seed: (seed) => withParts({ ...parts, seed }),
    expectSink: (name) => ({ exactlyOnce: (rows) => check(parts, name, rows) }),
  };
}

const crash = (nth: number): Fault => ({
  kind: 'kill-at-request',
  request: 'witness.write',
  nth,
  hasEffect: true,
  threads: THREADS_AFTER_CRASH,
});

async function check({ build, fed, crashes, seed }: Parts, name: string, expected: readonly unknown[]): Promise<void> {
  const report = await simulate((world) => build(fedWorld(world, fed)), { seed, faults: crashes });
  const { findings, log, shown } = report;
  deepStrictEqual(findings, [], 'invariants that the run broke');
  const died = log.filter((line) => line.endsWith('killed')).length;
  ok(died === crashes.length, `${died} of ${crashes.length} crashes came: feed more rows, or crash earlier`);
  const rows = shown.get(name);
  ok(rows !== undefined, `the pipeline has no sink "${name}"`);
  deepStrictEqual(sorted(rows), sorted(expected), `rows of sink "${name}"`);
}

/** One split, so that the rows keep their order. */
const fedWorld = (world: SimulatedWorld, fed: ReadonlyMap<string, readonly unknown[]>): FedWorld => ({
  source<Row>(name: string, timeOf?: (row: Row) => number) {
    const rows = fed.get(name) as readonly Row[] | undefined;
    ok(rows !== undefined, `nothing is fed to source "${name}"`);
    return world.source<Row>(name, { rows: () => rows, splits: 1, timeOf });
  },
  sink: (name, checks) => world.sink(name, checks),
});

const sorted = (rows: readonly unknown[]): readonly unknown[] =>
  rows.map((row) => (typeof row === 'object' && row !== null ? { ...row } : row)).toSorted(byText);

const textOf = (row: unknown): string =>
  JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
const byText = (a: unknown, b: unknown): number => (textOf(a) < textOf(b) ? -1 : 1);
