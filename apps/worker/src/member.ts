import { readFileSync } from 'node:fs';
import { Catalog, CatalogUnavailable, SecretBox } from '@millrace/catalog';
import {
  connectRedis,
  type Durability,
  FiguresBoard,
  MemberBoard,
  RedisSnapshotStore,
  RedisUnavailable,
  TapBoard,
} from '@millrace/cluster';
import { type Engine, startEngine } from '@millrace/engine';
import { type ErrorCode, MillraceError, systemClock, systemRandom, ulids } from '@millrace/kernel';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { Draining } from './draining.ts';
import { CatalogJobDirectory } from './jobs/catalog-job-directory.ts';
import { CatalogWitnessStore } from './jobs/catalog-witness-store.ts';
import { FinishedLoads } from './jobs/finished-loads.ts';
import { ModuleCache } from './jobs/module-cache.ts';
import { RunningJobs } from './jobs/running-jobs.ts';
import { MemberLease } from './member-lease.ts';
import { ExecutionQueue } from './queue/execution.queue-handler.ts';
import { listenToPokes } from './queue/pokes.ts';
import { queueConnection } from './queue/queue-connection.ts';
import { Reconciler } from './queue/reconciler.ts';
import type { Settings } from './settings.ts';
import { warmUp } from './warm-up.ts';

const RETRY_MS = 500;

const { version: VERSION } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

/** The module every engine thread imports; `.ts` from source, `.js` from a build. */
const DAG_MODULE = new URL(`./job-dag${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url).href;

/** One member of the cluster: takes executions from the queue and runs them on the engine's threads. */
export class Member {
  readonly #settings: Settings;
  readonly #log: Logger;
  readonly #stack = new AsyncDisposableStack();
  readonly #stopping = new AbortController();
  #stopped: Promise<void> | undefined;

  constructor(settings: Settings, log: Logger) {
    this.#settings = settings;
    this.#log = log;
  }

  /**
   * Connects, waiting for Redis and the metadata database as long as it takes, and begins to take executions.
   * @throws MillraceError `cluster.redis_not_durable`, `secret.key_invalid`: what waiting cannot help
   */
  async start(): Promise<void> {
    const { redisUrl, databaseUrl, secretKey, secretKeysOld, threads, stateBytesMax, member } = this.#settings;
    const secretBox = SecretBox.of(secretKey, secretKeysOld);
    const engine = this.#stack.use(
      await startEngine({ threads, stateBytesMax, onProblem: (problem) => this.#log.warn({ err: problem }, 'engine') }),
    );
    // Beside everything else; a queue task that comes meanwhile waits for the same imports.
    const warm = warmUp(engine, DAG_MODULE);
    warm.catch(() => undefined);
    const redis = connectRedis(redisUrl, {
      onChange: (isReady, reason) =>
        isReady
          ? this.#log.info('Redis is back')
          : this.#log.warn(`Redis is away: ${reason}; no snapshot is committed meanwhile, jobs go on`),
    });
    this.#stack.defer(() => redis.disconnect());
    const store = new RedisSnapshotStore(redis, { allowVolatileSnapshots: this.#settings.allowVolatileSnapshots });
    const durability = await this.#waitFor(RedisUnavailable, () => store.checkDurability());
    this.#warnOf(durability);
    const catalog = await this.#waitFor(CatalogUnavailable, () =>
      Catalog.open({ url: databaseUrl, secretBox, env: process.env }),
    );
    this.#stack.use(catalog);
    const jobs = this.#runningJobs(engine, store, catalog, redis, member);
    const queueRedis = queueConnection(redisUrl);
    this.#stack.defer(() => queueRedis.disconnect());
    const queue = new ExecutionQueue({ redis: queueRedis, jobs, ids: ulids, log: this.#log });
    this.#stack.defer(() => queue.close());
    // Ends in the opposite order: no more tasks, last snapshots, then the connections.
    this.#stack.defer(async () => {
      const drained = queue.drain();
      await jobs.release();
      await drained;
    });
    queue.start();
    const subscriber = queueConnection(redisUrl);
    this.#stack.defer(() => subscriber.disconnect());
    listenToPokes(subscriber, jobs);
    const reconciler = new Reconciler({ catalog, queue, jobs, log: this.#log });
    this.#stack.defer(() => reconciler.stop());
    reconciler.start();
    const lease = new MemberLease({
      board: new MemberBoard(redis),
      clock: systemClock,
      name: member,
      threads: engine.threadCount,
      version: VERSION,
      jobs: () => jobs.list(),
      draining: new Draining({ queue, jobs, log: this.#log }),
    });
    this.#stack.defer(() => lease.stop());
    lease.start();
    await warm;
    this.#log.info({ member, threads: engine.threadCount, durability }, 'worker takes executions');
  }

  /** Takes a last snapshot of every job and closes everything. Safe to call twice. */
  stop(): Promise<void> {
    this.#stopping.abort();
    this.#stopped ??= this.#stack.disposeAsync();
    return this.#stopped;
  }

  #runningJobs(engine: Engine, store: RedisSnapshotStore, catalog: Catalog, redis: Redis, member: string): RunningJobs {
    const modules = new ModuleCache(this.#settings.moduleCache, (sha256) => catalog.modules.code(sha256), ulids);
    const board = new FiguresBoard(redis);
    const loads = new FinishedLoads(catalog);
    return new RunningJobs({
      engine,
      store,
      member,
      witness: new CatalogWitnessStore(catalog),
      jobs: new CatalogJobDirectory(catalog, modules, {
        threads: engine.threadCount,
        databaseUrl: this.#settings.databaseUrl,
        name: member,
      }),
      clock: systemClock,
      random: systemRandom,
      log: this.#log,
      dagModule: DAG_MODULE,
      tellFigures: async (figures, news) => {
        await board.tell(figures, news);
        await loads.tell(figures);
      },
      taps: new TapBoard(redis),
    });
  }

  #warnOf(durability: Durability): void {
    if (durability !== 'volatile') return;
    this.#log.warn('snapshots may be lost with Redis (MILLRACE_ALLOW_VOLATILE_SNAPSHOTS): for development only');
  }

  /** Tries until something that is away has come; one line when it is not there at once. */
  async #waitFor<T>(away: ErrorCode, open: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await open();
      } catch (error) {
        if (!(error instanceof MillraceError) || error.code !== away || this.#stopping.signal.aborted) throw error;
        // The first try on a new connection always comes too early.
        if (tries === 2) this.#log.warn({ code: error.code.code, mend: error.mend }, `waiting: ${error.message}`);
      }
      await systemClock.sleep(RETRY_MS, this.#stopping.signal);
    }
  }
}
