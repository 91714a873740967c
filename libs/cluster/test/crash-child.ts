import { once } from 'node:events';
import { startEngine } from '@millrace/engine';
import { systemClock, systemRandom } from '@millrace/kernel';
import { ExecutionCoordinator } from '../src/execution/execution-coordinator.ts';
import { connectRedis } from '../src/redis/connect-redis.ts';
import { RedisSnapshotStore } from '../src/snapshot/redis-snapshot-store.ts';
import type { SnapshotRecord, SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import type { WitnessStore } from '../src/snapshot/witness.ts';
import type { CountingSpec } from './counting-dag.ts';
import { FileCatalog } from './file-catalog.ts';

/** Where the process kills itself, at its `afterSnapshots`-th snapshot. */
export type CrashPoint = 'before-record' | 'after-record' | 'after-witness' | 'in-phase-two' | 'nowhere';

const [directory, redisUrl, crashAt, count] = process.argv.slice(2) as [string, string, CrashPoint, string];
const AFTER_SNAPSHOTS = 3;

const die = (): never => {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('unreachable');
};

/** Counts the snapshots of this process. */
let taken = 0;
const isDue = (point: CrashPoint): boolean => point === crashAt && taken === AFTER_SNAPSHOTS;

class CrashingStore extends RedisSnapshotStore implements SnapshotStore {
  override async write(jobId: string, record: SnapshotRecord, state: Uint8Array): Promise<void> {
    taken += 1;
    if (isDue('before-record')) die();
    await super.write(jobId, record, state);
    if (isDue('after-record')) die();
  }
}

const spec: CountingSpec = { directory, count: Number(count), batchRows: 7, pauseMs: 1 };
const catalog = new FileCatalog(directory, { guarantee: 'exactly-once', snapshotIntervalMs: 30, spec });
const firstSnapshot = (catalog.readWitness()?.snapshotId ?? 0) + 1;
const plan = crashAt === 'in-phase-two' ? { ...spec, killInPhaseTwo: firstSnapshot + AFTER_SNAPSHOTS } : spec;
const jobs = new FileCatalog(directory, { guarantee: 'exactly-once', snapshotIntervalMs: 30, spec: plan });
const witness: WitnessStore = {
  read: (jobId) => jobs.witness.read(jobId),
  write: async (jobId, each) => {
    await jobs.witness.write(jobId, each);
    if (isDue('after-witness')) die();
  },
};
const redis = connectRedis(redisUrl);
await once(redis, 'ready');
await using engine = await startEngine({ threads: 2 });
const coordinator = new ExecutionCoordinator(jobs.job.id, {
  engine,
  witness,
  jobs,
  store: new CrashingStore(redis),
  clock: systemClock,
  random: systemRandom,
  log: { info: () => {}, warn: (_, line) => console.error(line), error: (_, line) => console.error(line) },
  dagModule: new URL('./counting-dag.ts', import.meta.url).href,
  member: 'child',
  tellFigures: async () => {},
});
process.stdout.write(await coordinator.run());
redis.disconnect();
