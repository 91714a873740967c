import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { MemberBoard, MemberFacts } from '@millrace/cluster';
import type { Clock } from '@millrace/kernel';
import type { Draining } from './draining.ts';

const RENEW_INTERVAL_MS = 1_000;
/** Resolution of the measurement of the event loop; its own share is taken off. */
const LOOP_RESOLUTION_MS = 10;
const NS_PER_MS = 1_000_000;
const US_PER_MS = 1_000;

interface LeaseParts {
  readonly board: MemberBoard;
  readonly clock: Clock;
  readonly name: string;
  readonly threads: number;
  readonly version: string;
  readonly jobs: () => MemberFacts['jobs'];
  readonly draining: Pick<Draining, 'state' | 'follow'>;
}

/** Tells once a second that this member is there and how it is, and hears whether it is to give its jobs away. */
export class MemberLease {
  readonly #parts: LeaseParts;
  readonly #startedAt: number;
  readonly #over = new AbortController();
  readonly #delay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  #loop: Promise<void> = Promise.resolve();
  #cpu = process.cpuUsage();
  #cpuAtMs: number;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
    this.#startedAt = parts.clock.nowMs();
    this.#cpuAtMs = parts.clock.monotonicMs();
  }

  start(): void {
    this.#delay.enable();
    this.#loop = this.#renew();
  }

  /** Says that the member leaves. */
  async stop(): Promise<void> {
    this.#over.abort();
    await this.#loop;
    this.#delay.disable();
    await this.#parts.board.leave(this.#parts.name).catch(() => undefined);
  }

  async #renew(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      // Redis being away is told by the snapshots; the lease comes back with it.
      await this.#tell().catch(() => undefined);
      await this.#parts.clock.sleep(RENEW_INTERVAL_MS, signal).catch(() => undefined);
    }
  }

  async #tell(): Promise<void> {
    const { board, draining } = this.#parts;
    await draining.follow(await board.tell(this.#facts()));
  }

  #facts(): MemberFacts {
    const { clock, name, threads, version, jobs, draining } = this.#parts;
    const spentMs = clock.monotonicMs() - this.#cpuAtMs;
    const { user, system } = process.cpuUsage(this.#cpu);
    this.#cpu = process.cpuUsage();
    this.#cpuAtMs = clock.monotonicMs();
    const { used_heap_size: heapUsedBytes, heap_size_limit: heapMaxBytes } = getHeapStatistics();
    const late = (quantile: number): number =>
      Math.max(0, this.#delay.percentile(quantile) / NS_PER_MS - LOOP_RESOLUTION_MS);
    const facts = {
      name,
      startedAt: this.#startedAt,
      at: clock.nowMs(),
      threads,
      jobs: jobs(),
      heapUsedBytes,
      heapMaxBytes,
      rssBytes: process.memoryUsage.rss(),
      cpu: spentMs <= 0 ? 0 : (user + system) / US_PER_MS / spentMs,
      eventLoopP50Ms: late(50),
      eventLoopP99Ms: late(99),
      version,
      state: draining.state,
    };
    this.#delay.reset();
    return facts;
  }
}
