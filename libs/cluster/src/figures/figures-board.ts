import type { Redis } from 'ioredis';
import { FIGURES_TTL_MS, figuresKey, historyKey, rowKey, snapshotLogKey } from '../names.ts';
import { bounded } from '../redis/connect-redis.ts';
import { decodePoint, encodePoint, HISTORY_POINTS_MAX, type HistoryPoint } from './history.ts';
import type { JobFigures, SnapshotFigures } from './job-figures.ts';
import { type JobRow, rowOf } from './job-row.ts';

/** Snapshots of a job that are remembered by their figures. */
export const SNAPSHOT_LOG_MAX = 100;
/** History of a job that nobody runs any more. */
const HISTORY_TTL_MS = 2 * 3_600_000;
const SNAPSHOT_LOG_TTL_MS = 7 * 86_400_000;

/** What came up since figures were told last. */
export interface FiguresNews {
  readonly snapshots: readonly SnapshotFigures[];
  readonly point: HistoryPoint | undefined;
}

/**
 * The figures of running jobs in Redis: members write them once a second, the api reads them. Everything is bounded and goes away by itself.
 * Reading and writing fail with `cluster.redis_unavailable`.
 */
export class FiguresBoard {
  readonly #redis: Redis;

  /** @param redis a connection made by `connectRedis`; the caller closes it */
  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** One round trip. */
  async tell(figures: JobFigures, { snapshots, point }: FiguresNews): Promise<void> {
    const { jobId } = figures;
    const commands = this.#redis
      .pipeline()
      .set(figuresKey(jobId), JSON.stringify(figures), 'PX', FIGURES_TTL_MS)
      .set(rowKey(jobId), JSON.stringify(rowOf(figures)), 'PX', FIGURES_TTL_MS);
    if (snapshots.length > 0) {
      const key = snapshotLogKey(jobId);
      commands.rpush(key, ...snapshots.map((each) => JSON.stringify(each)));
      commands.ltrim(key, -SNAPSHOT_LOG_MAX, -1).pexpire(key, SNAPSHOT_LOG_TTL_MS);
    }
    if (point !== undefined) {
      const key = historyKey(jobId);
      commands.rpush(key, encodePoint(point)).ltrim(key, -HISTORY_POINTS_MAX, -1).pexpire(key, HISTORY_TTL_MS);
    }
    await bounded(commands.exec());
  }

  /** As a member wrote them within `FIGURES_TTL_MS`. */
  async figures(jobId: string): Promise<JobFigures | undefined> {
    const text = await bounded(this.#redis.get(figuresKey(jobId)));
    return text === null ? undefined : (JSON.parse(text) as JobFigures);
  }

  /** Of all these jobs; those that nobody runs are left out. */
  async allFigures(jobIds: readonly string[]): Promise<readonly JobFigures[]> {
    return this.#read<JobFigures>(jobIds.map(figuresKey));
  }

  /** The same in short. */
  async rows(jobIds: readonly string[]): Promise<readonly JobRow[]> {
    return this.#read<JobRow>(jobIds.map(rowKey));
  }

  /** The oldest first. */
  async history(jobId: string): Promise<readonly HistoryPoint[]> {
    return (await bounded(this.#redis.lrange(historyKey(jobId), 0, -1))).map(decodePoint);
  }

  /** Of several jobs, in their order. */
  async histories(jobIds: readonly string[]): Promise<readonly (readonly HistoryPoint[])[]> {
    if (jobIds.length === 0) return [];
    const commands = this.#redis.pipeline();
    for (const jobId of jobIds) commands.lrange(historyKey(jobId), 0, -1);
    const answers = (await bounded(commands.exec())) ?? [];
    return answers.map(([, texts]) => ((texts ?? []) as string[]).map(decodePoint));
  }

  /** The newest first. */
  async snapshots(jobId: string): Promise<readonly SnapshotFigures[]> {
    const texts = await bounded(this.#redis.lrange(snapshotLogKey(jobId), 0, -1));
    return texts.map((text) => JSON.parse(text) as SnapshotFigures).reverse();
  }

  /** Of a job that is deleted. */
  async forget(jobId: string): Promise<void> {
    await bounded(this.#redis.unlink(figuresKey(jobId), rowKey(jobId), historyKey(jobId), snapshotLogKey(jobId)));
  }

  async #read<T>(keys: readonly string[]): Promise<readonly T[]> {
    if (keys.length === 0) return [];
    const texts = await bounded(this.#redis.mget([...keys]));
    return texts.flatMap((text) => (text === null ? [] : [JSON.parse(text) as T]));
  }
}
