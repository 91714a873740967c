import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@millrace/kernel';
import { createShop, SeededRandom, type ShopSize, ShopTraffic } from '@millrace/testing';
import { compareShop, verdictLine } from '../../apps/cli/src/demo/comparison.ts';
import { type Figures, isLoaded } from '../../apps/cli/src/demo/live-line.ts';
import { type Platform, startPlatform } from '../../apps/cli/src/demo/platform.ts';
import { registerShopJob } from '../../apps/cli/src/demo/shop-job.ts';
import { auditProbe, createProbe, PROBE_TABLE, ProbeWriter } from './probe.ts';
import { quantile, RecoveryWatch } from './recovery-watch.ts';
import { type Fault, scheduleFaults } from './schedule.ts';

export interface ChaosOptions {
  readonly kills: number;
  readonly seconds: number;
  readonly seed: number;
  readonly workers: number;
  /** Restarts of Redis and of PostgreSQL, each. Default 2. */
  readonly serverRestarts?: number;
  readonly show: (line: string) => void;
}

export interface ChaosResult {
  readonly scenario: string;
  readonly seed: number;
  readonly kills: number;
  readonly restarts: { readonly redis: number; readonly postgres: number };
  /** Rows compared at the end, all tables. */
  readonly rows: number;
  /** Keys that differ, tables that could not be compared counted as one. */
  readonly differences: number;
  readonly duplicates: number;
  readonly missing: number;
  readonly probeEvents: number;
  readonly transactions: number;
  readonly attempts: number;
  readonly recoveryMs: { readonly p50: number | null; readonly p99: number | null };
}

const SIZE: ShopSize = { customers: 10_000, products: 3_000, orders: 40_000 };
const POLL_MS = 100;
const LOG_LINES_SHOWN = 60;
/** The probe starts when the job has streamed for this many snapshots: while its table is loading, rows may be written again. */
const SNAPSHOTS_BEFORE_PROBE = 2;
const CATCH_UP_MS_MAX = 120_000;
/** Faults of this first part of the run hit the initial load. */
const LOAD_SHARE = 0.25;

interface JobView {
  readonly status: string;
  readonly error?: { readonly code?: string; readonly message?: string } | null;
}

/** Waits, in the background, until every table is streaming, and starts the probe. */
async function startProbeWhenStreaming(
  platform: Platform,
  jobId: string,
  probe: ProbeWriter,
  signal: AbortSignal,
): Promise<boolean> {
  let streamingSince: number | undefined;
  while (!signal.aborted) {
    const figures = await platform.rest.peek<Figures>(`jobs/${jobId}/metrics`);
    const isStreaming = figures !== undefined && isLoaded(figures);
    if (isStreaming && figures.snapshot !== undefined) {
      streamingSince ??= figures.snapshot.id;
      if (figures.snapshot.id >= streamingSince + SNAPSHOTS_BEFORE_PROBE) {
        probe.start();
        return true;
      }
    } else if (figures !== undefined) {
      streamingSince = undefined;
    }
    await systemClock.sleep(POLL_MS, signal).catch(() => {});
  }
  return false;
}

const within = (started: Promise<boolean>, durationMs: number): Promise<boolean> =>
  Promise.race([started, systemClock.sleep(durationMs).then(() => false)]);

/** The end of every log: what a failure is looked for in. */
function showLogs(folder: string, show: (line: string) => void): void {
  for (const file of readdirSync(folder)) {
    const lines = readFileSync(join(folder, file), 'utf8').trim().split('\n');
    for (const line of lines.slice(-LOG_LINES_SHOWN)) show(`${file}: ${line}`);
  }
}

async function commit(
  fault: Fault,
  platform: Platform,
  jobId: string,
  watch: RecoveryWatch,
  random: SeededRandom,
): Promise<string> {
  if (fault.kind === 'restart-redis') {
    watch.forget();
    await platform.redis.restart(fault.signal);
    return `redis restarted by ${fault.signal}`;
  }
  if (fault.kind === 'restart-postgres') {
    watch.forget();
    await platform.postgres.restart(fault.signal);
    return `postgres restarted by ${fault.signal}`;
  }
  const figures = await platform.rest.peek<Figures & { member?: string }>(`jobs/${jobId}/metrics`);
  const running = platform.workers.find(
    (worker) => worker.pid !== undefined && figures?.member?.includes(String(worker.pid)),
  );
  const victim = running ?? random.pick(platform.workers);
  const pid = victim.pid;
  if (running !== undefined) watch.killed();
  else watch.forget();
  await victim.kill();
  await victim.start();
  return `worker ${pid} killed${running === undefined ? ' (not known to run the job)' : ''}, snapshot ${figures?.snapshot?.id ?? 'none'}`;
}

/** Kills workers and restarts servers under load, then compares every table and audits an append-only probe. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { show } = options;
  const serverRestarts = options.serverRestarts ?? 2;
  const random = new SeededRandom(options.seed);
  show(
    `chaos: seed ${options.seed}, ${options.kills} kills and ${serverRestarts} restarts of each server in ${options.seconds} s`,
  );
  await using platform = await startPlatform({ workers: options.workers, show });
  const client = await platform.source.connect();
  await createShop(client, SIZE);
  await client.end();
  await createProbe(platform.source, platform.target);

  const traffic = new ShopTraffic({
    url: platform.source.url,
    size: SIZE,
    clock: systemClock,
    random: new SeededRandom(options.seed + 1),
    writers: 4,
    pauseMs: 5,
    bulkEveryMs: 10_000,
  });
  traffic.start();
  const jobId = await registerShopJob(platform.rest, platform.source.connection, platform.target.connection, {
    extraTables: [PROBE_TABLE],
  });
  const watch = new RecoveryWatch(platform.target, systemClock);
  watch.start();
  const probe = new ProbeWriter(platform.source.url, systemClock);
  const ended = new AbortController();
  const probing = startProbeWhenStreaming(platform, jobId, probe, ended.signal);

  let startMs = systemClock.monotonicMs();
  const loadEndsMs = options.seconds * 1_000 * LOAD_SHARE;
  let isProbing = false;
  const done = { kills: 0, redis: 0, postgres: 0 };
  for (const { atMs, fault } of scheduleFaults(options.kills, options.seconds, serverRestarts, random)) {
    if (atMs >= loadEndsMs && !isProbing) {
      // However slow the machine: most faults hit a job that streams, with the probe counting.
      const waitedFrom = systemClock.monotonicMs();
      isProbing = await within(probing, CATCH_UP_MS_MAX);
      show(isProbing ? 'every table is streaming, the probe writes' : 'the initial load does not end');
      startMs += systemClock.monotonicMs() - waitedFrom;
    }
    await systemClock.sleep(Math.max(0, startMs + atMs - systemClock.monotonicMs()));
    const what = await commit(fault, platform, jobId, watch, random);
    if (fault.kind === 'kill-worker') done.kills += 1;
    else if (fault.kind === 'restart-redis') done.redis += 1;
    else done.postgres += 1;
    show(`${((systemClock.monotonicMs() - startMs) / 1_000).toFixed(1)} s  ${what}`);
  }
  await systemClock.sleep(Math.max(0, startMs + options.seconds * 1_000 - systemClock.monotonicMs()));

  isProbing ||= await within(probing, CATCH_UP_MS_MAX);
  ended.abort();
  if (isProbing) await systemClock.sleep(POLL_MS * 10);
  await traffic.stop();
  await probe.stop();
  show(`traffic stopped after ${traffic.transactions} transactions; comparing ...`);
  const comparison = await compareShop(platform, jobId, [PROBE_TABLE], CATCH_UP_MS_MAX);
  show(verdictLine(comparison));
  const audit = await auditProbe(platform.source, platform.target);
  for (const example of audit.examples) show(`applied more than once: probe ${example}`);
  await watch.stop();
  const job = await platform.rest.peek<JobView>(`jobs/${jobId}`);
  if (job?.status !== 'RUNNING')
    show(`the job is ${job?.status}: ${job?.error?.code ?? ''} ${job?.error?.message ?? ''}`);
  const isProven = isProbing && comparison.outcome === 'equal' && audit.duplicates + audit.missing === 0;
  if (!isProven) showLogs(platform.logs, show);
  return {
    scenario: 'kills and restarts under load',
    seed: options.seed,
    kills: done.kills,
    restarts: { redis: done.redis, postgres: done.postgres },
    rows: comparison.rows,
    differences: comparison.differences + (isProbing ? 0 : 1),
    duplicates: audit.duplicates,
    missing: audit.missing,
    probeEvents: audit.events,
    transactions: traffic.transactions,
    attempts: watch.generation,
    recoveryMs: { p50: quantile(watch.recoveriesMs, 0.5), p99: quantile(watch.recoveriesMs, 0.99) },
  };
}
