import type { JobPlan } from '@millrace/cluster';
import type { LoopMode } from '@millrace/operators';
import type { SeededRandom } from '../shop/seeded-random.ts';
import { checkCut, checkShown } from './checks.ts';
import { drawFaults } from './faults/draw-faults.ts';
import type { Fault } from './faults/fault.ts';
import type { Finding } from './findings.ts';
import { randomFor } from './loop/seeds.ts';
import type { CommittedSnapshot, Damage } from './outside/control-plane.ts';
import { type PipelineBuilder, Simulation } from './simulation.ts';

export interface SimulateOptions {
  /** Everything random comes from it: the same seed gives the same run, step by step. */
  readonly seed: number;
  /** What goes wrong. Default: drawn from the seed. An empty list: nothing, only the interleavings are the seed's. */
  readonly faults?: readonly Fault[] | undefined;
  /** Default `exactly-once`, which is what is checked: less does not pass. */
  readonly guarantee?: JobPlan['guarantee'] | undefined;
  /** Changes what restores read: a defect put in on purpose, to see that it is found. */
  readonly damage?: Damage | undefined;
}

export interface SimulationReport {
  readonly seed: number;
  /** Empty: every invariant held. */
  readonly findings: readonly Finding[];
  readonly faults: readonly Fault[];
  /** Of the disturbed run. */
  readonly steps: number;
  readonly virtualMs: number;
  readonly snapshots: number;
  readonly restores: number;
  /** Rows shown by all sinks. */
  readonly rows: number;
  /** The rows themselves, by the sink's name. */
  readonly shown: ReadonlyMap<string, readonly unknown[]>;
  /** SHA-256 over everything that happened in it, in order, hexadecimal. */
  readonly trace: string;
  /** What the coordinators said, with virtual milliseconds. */
  readonly log: readonly string[];
}

const THREADS_MAX = 4;
const INTERVAL_MS_MIN = 3;
const INTERVAL_MS_MAX = 60;
const INTERPRETED_CHANCE = 0.25;
const LAST_SNAPSHOTS = 3;

/**
 * Runs a pipeline several times in virtual time: undisturbed on one thread, disturbed by the seed's faults on several, and
 * from snapshots of the disturbed run to its end. All must show the same; what else must hold is numbered in docs/invariants.md.
 *
 * The pipeline reads from `world.source` and writes to `world.sink`; its functions must be as deterministic as the seed, and wait for
 * nothing real: no I/O, no timers but those of the context's clock.
 */
export async function simulate(build: PipelineBuilder, options: SimulateOptions): Promise<SimulationReport> {
  const { seed, damage, guarantee = 'exactly-once' } = options;
  const random = randomFor(seed, 'run');
  const snapshotIntervalMs = random.integer(INTERVAL_MS_MIN, INTERVAL_MS_MAX);
  const mode: LoopMode = random.chance(INTERPRETED_CHANCE) ? 'interpreted' : 'generated';
  const base = { build, seed, mode, guarantee, snapshotIntervalMs };

  const undisturbed = new Simulation({ ...base, faults: [], threads: 1 });
  await undisturbed.run();
  const { loop, outside } = undisturbed;
  const size = { steps: loop.steps, durationMs: loop.nowMs, requests: outside.requests };
  const faults = options.faults ?? drawFaults(seed, size);

  const disturbed = new Simulation({ ...base, faults, threads: random.integer(1, THREADS_MAX), damage });
  await disturbed.run();
  const findings = [...undisturbed.findings.list, ...disturbed.findings.list];
  if (findings.length === 0) findings.push(...checkShown(undisturbed.world, disturbed.world));

  const { committed } = disturbed.controlPlane;
  for (const snapshot of cutsOf(committed, random)) {
    if (findings.length > 0) break;
    const { snapshotId } = snapshot.record;
    const targets = new Map([...disturbed.world.targets].map(([name, target]) => [name, target.asOf(snapshotId)]));
    const threads = random.integer(1, THREADS_MAX);
    const continued = new Simulation({ ...base, faults: [], threads, from: { snapshot, targets }, damage });
    await continued.run();
    findings.push(...continued.findings.list, ...checkCut(undisturbed.world, continued.world, snapshotId));
  }

  const rows = [...disturbed.world.targets.values()].reduce((sum, target) => sum + target.shown.length, 0);
  for (const target of disturbed.world.targets.values()) disturbed.loop.note(JSON.stringify(target.shown));
  return {
    seed,
    findings,
    faults,
    steps: disturbed.loop.steps,
    virtualMs: disturbed.loop.nowMs,
    snapshots: committed.length,
    restores: disturbed.restores,
    rows,
    shown: new Map([...disturbed.world.targets].map(([name, { shown }]) => [name, shown.map(({ row }) => row)])),
    trace: disturbed.loop.digest(),
    log: disturbed.log,
  };
}

/** Any snapshot, and one of the end, where some instances have finished and others have not. */
function cutsOf(committed: readonly CommittedSnapshot[], random: SeededRandom): ReadonlySet<CommittedSnapshot> {
  if (committed.length === 0) return new Set();
  return new Set([random.pick(committed), random.pick(committed.slice(-LAST_SNAPSHOTS))]);
}
