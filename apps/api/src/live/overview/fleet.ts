import { type ApiKey, Catalog, type JobLine } from '@millrace/catalog';
import type { HistoryPoint, JobRow } from '@millrace/cluster';
import { type Clock, systemClock } from '@millrace/kernel';
import { Injectable } from '@nestjs/common';
import { Executions } from '../../queue/executions.ts';
import { isoTime, lagView } from '../figures.view.ts';
import { Cached } from '../stream/cached.ts';
import { SharedPoll } from '../stream/shared-poll.ts';
import { fleetHistory } from './fleet-history.ts';
import type { JobSummary, ProblemView, TotalsView } from './overview.schemas.ts';
import { problemsOf, sorted } from './problems.ts';
import { SourceSlots } from './source-slots.ts';

/** Between two looks at the fleet, while somebody looks. */
const LOOK_MS = 1_000;
/** What changes slowly, or costs more to read. */
const SLOW_LOOK_MS = 5_000;
const HISTORY_LOOK_MS = 10_000;
const KEYS_LOOK_MS = 60_000;
const KEYS_MAX = 1_000;
const DIGITS = 1_000;

/** What is known of all jobs at one time. */
export interface FleetState {
  readonly at: string;
  readonly jobs: readonly JobSummary[];
  readonly problems: readonly ProblemView[];
  readonly totals: TotalsView;
}

/** The fleet, read once a second for everybody who looks. */
@Injectable()
export class Fleet {
  readonly poll: SharedPoll<FleetState>;
  readonly #clock: Clock = systemClock;
  readonly #letters: Cached<Awaited<ReturnType<Fleet['readLetters']>>>;
  readonly #restarts: Cached<ReadonlyMap<string, number>>;
  readonly #keys: Cached<readonly ApiKey[]>;
  readonly #histories: Cached<ReadonlyMap<string, readonly HistoryPoint[]>>;
  #lines: readonly JobLine[] = [];

  constructor(
    private readonly catalog: Catalog,
    private readonly executions: Executions,
    private readonly slots: SourceSlots,
  ) {
    const clock = this.#clock;
    this.poll = new SharedPoll(() => this.#look(), LOOK_MS, clock);
    this.#letters = new Cached(() => this.readLetters(), SLOW_LOOK_MS, clock);
    this.#restarts = new Cached(() => this.catalog.executions.restarts(), SLOW_LOOK_MS, clock);
    this.#keys = new Cached(
      async () => (await this.catalog.apiKeys.list({ limit: KEYS_MAX })).items,
      KEYS_LOOK_MS,
      clock,
    );
    this.#histories = new Cached(() => this.#readHistories(), HISTORY_LOOK_MS, clock);
  }

  /** All jobs together over the last hour. @throws MillraceError `redis.unavailable`, `catalog.unavailable` */
  async history(): Promise<ReturnType<typeof fleetHistory>> {
    if (this.#lines.length === 0) await this.poll.now();
    return fleetHistory([...(await this.#histories.get()).values()]);
  }

  async #look(): Promise<FleetState> {
    const lines = await this.catalog.jobs.lines();
    this.#lines = lines;
    const { executions } = this;
    const nowMs = this.#clock.nowMs();
    const [rows, { members, gone }, letters, restarts, keys, histories] = await Promise.all([
      executions.asked(executions.board.rows(lines.map(({ id }) => id))),
      executions.asked(executions.members.list(nowMs)),
      this.#letters.get(),
      this.#restarts.get(),
      this.#keys.get(),
      this.#histories.get(),
    ]);
    const rowOf = new Map(rows.map((row) => [row.jobId, row]));
    const facts = lines.map((line) => ({
      line,
      row: rowOf.get(line.id),
      history: histories.get(line.id) ?? [],
      openLetters: letters.get(line.id)?.open ?? 0,
      lettersSince: letters.get(line.id)?.since,
    }));
    const jobs = facts.map(({ line, row, openLetters }) =>
      summary(line, row, { restarts: restarts.get(line.id) ?? 0, deadLetters: openLetters }),
    );
    const slots = this.slots.now();
    const problems = sorted([...problemsOf({ nowMs, jobs: facts, members, gone, keys }), ...slots.problems]);
    return { at: isoTime(nowMs), jobs, problems, totals: totalsOf(jobs, members.length) };
  }

  /** Open dead letters of each job that has some, and since when. */
  async readLetters(): Promise<ReadonlyMap<string, { readonly open: number; readonly since: Date | undefined }>> {
    const counts = await this.catalog.deadLetters.unresolved(this.#lines.map(({ id }) => id));
    const since = await this.catalog.deadLetters.openSince([...counts.keys()]);
    return new Map([...counts].map(([id, { open }]) => [id, { open, since: since.get(id) }]));
  }

  async #readHistories(): Promise<ReadonlyMap<string, readonly HistoryPoint[]>> {
    const ids = this.#lines.map(({ id }) => id);
    const histories = await this.executions.asked(this.executions.board.histories(ids));
    return new Map(ids.map((id, index) => [id, histories[index]!]));
  }
}

/** Digits beyond are noise, and would make every line another one every second. */
const rounded = (value: number): number => Math.round(value * DIGITS) / DIGITS;

function summary(
  line: JobLine,
  row: JobRow | undefined,
  counts: { readonly restarts: number; readonly deadLetters: number },
): JobSummary {
  const { id, name, status, desired, guarantee, generation, error } = line;
  return {
    id,
    name,
    status,
    desired,
    guarantee,
    generation,
    error: error === null ? null : { code: error.code, message: error.message, mend: error.mend ?? null },
    executionStartedAt: line.executionStartedAt?.toISOString() ?? null,
    updatedAt: line.updatedAt.toISOString(),
    member: row?.member ?? null,
    inPerSecond: rounded(row?.inPerSecond ?? 0),
    outPerSecond: rounded(row?.outPerSecond ?? 0),
    lag: row === undefined ? null : lagView(row.lag),
    snapshot:
      row?.snapshot === undefined
        ? null
        : { id: row.snapshot.id, takenAt: isoTime(row.snapshot.takenAt), durationMs: rounded(row.snapshot.durationMs) },
    queueFill: rounded(row?.queueFill ?? 0),
    blocked: rounded(row?.blocked ?? 0),
    ...counts,
  };
}

function totalsOf(jobs: readonly JobSummary[], members: number): TotalsView {
  const byStatus: Record<string, number> = {};
  const totals = { inPerSecond: 0, outPerSecond: 0, lagP50Ms: null as number | null, lagP99Ms: null as number | null };
  const worst = (a: number | null, b: number | null): number | null =>
    a === null ? b : b === null ? a : Math.max(a, b);
  for (const { status, inPerSecond, outPerSecond, lag } of jobs) {
    byStatus[status] = (byStatus[status] ?? 0) + 1;
    totals.inPerSecond += inPerSecond;
    totals.outPerSecond += outPerSecond;
    totals.lagP50Ms = worst(totals.lagP50Ms, lag?.p50Ms ?? null);
    totals.lagP99Ms = worst(totals.lagP99Ms, lag?.p99Ms ?? null);
  }
  return { jobs: jobs.length, byStatus, ...totals, members };
}
