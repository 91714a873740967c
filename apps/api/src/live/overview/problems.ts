import type { ApiKey, JobLine } from '@millrace/catalog';
import type { GoneMember, HistoryPoint, JobRow, MemberFacts } from '@millrace/cluster';
import { parseDurationMs } from '@millrace/kernel';
import { isoTime } from '../figures.view.ts';
import type { ProblemView } from './overview.schemas.ts';

/** A job that should run and is with nobody for this long is a problem. */
const NOBODY_MS = 10_000;
/** Behind by more is worth a look when it grows, and by the second in any case. */
const LAG_MS = 10_000;
const LAG_HIGH_MS = 60_000;
/** Grown by this factor since the oldest of the last points. */
const LAG_GROWTH = 1.5;
const LAG_POINTS = 30;
/** A snapshot is late after this many intervals, and this long at least. */
const SNAPSHOT_INTERVALS = 10;
const SNAPSHOT_LATE_MS_MIN = 30_000;
const SNAPSHOT_INTERVAL_MS = 1_000;
/** Keys that end sooner are announced. */
const KEY_ENDS_MS = 7 * 86_400_000;
const SECOND_MS = 1_000;

/** What a job is judged by. */
export interface JobFacts {
  readonly line: JobLine;
  readonly row: JobRow | undefined;
  readonly history: readonly HistoryPoint[];
  readonly openLetters: number;
  readonly lettersSince: Date | undefined;
}

export interface FleetFacts {
  readonly nowMs: number;
  readonly jobs: readonly JobFacts[];
  readonly members: readonly MemberFacts[];
  readonly gone: readonly GoneMember[];
  readonly keys: readonly ApiKey[];
}

/** Everything that is wrong, the worst first, and of those the oldest. */
export function problemsOf(facts: FleetFacts): readonly ProblemView[] {
  const { nowMs, jobs, members, gone, keys } = facts;
  const takers = members.filter(({ state }) => state === 'active').length;
  const found = [
    ...jobs.flatMap((job) => ofJob(job, nowMs, takers)),
    ...gone.map(ofMember),
    ...keys.flatMap((key) => ofKey(key, nowMs)),
  ];
  return sorted(found);
}

export const sorted = (problems: readonly ProblemView[]): readonly ProblemView[] =>
  [...problems].sort(
    (a, b) =>
      Number(a.severity === 'warning') - Number(b.severity === 'warning') ||
      (a.since ?? '9').localeCompare(b.since ?? '9') ||
      a.target.name.localeCompare(b.target.name),
  );

const seconds = (ms: number): string => `${Math.round(ms / SECOND_MS).toLocaleString('en-US')} s`;

function ofJob(job: JobFacts, nowMs: number, takers: number): readonly ProblemView[] {
  const { line } = job;
  const target = { kind: 'job' as const, id: line.id, name: line.name };
  const about = (
    code: string,
    severity: ProblemView['severity'],
    sinceMs: number | null,
    [message, mend]: readonly [string, string],
  ): ProblemView => ({ code, severity, message, mend, since: sinceMs === null ? null : isoTime(sinceMs), target });
  const found: ProblemView[] = [];
  const updatedMs = line.updatedAt.getTime();
  const { error } = line;
  if (line.status === 'FAILED' && line.desired !== 'cancelled' && error !== null) {
    const mend = `${error.mend ?? error.title} Then resume the job: POST /api/v1/jobs/${line.name}/resume.`;
    found.push(about('job.failed', 'error', updatedMs, [`${line.name} has failed: ${error.message}`, mend]));
  } else if (line.status === 'NOT_RUNNING' && line.desired === 'running' && error !== null) {
    const mend = error.mend ?? 'It is tried again by itself, with growing pauses.';
    found.push(
      about('job.restarting', 'error', updatedMs, [`${line.name} starts again and again: ${error.message}`, mend]),
    );
  } else if (line.desired === 'running' && line.status !== 'COMPLETED' && line.status !== 'FAILED') {
    found.push(...ofRun(job, nowMs, takers, about));
  }
  if (job.openLetters > 0) {
    const message = `${line.name} has set ${job.openLetters.toLocaleString('en-US')} records aside`;
    const mend = `Look at them, repair and replay them, or discard them: GET /api/v1/jobs/${line.name}/dead-letters/groups.`;
    found.push(about('dead_letters.open', 'warning', job.lettersSince?.getTime() ?? null, [message, mend]));
  }
  return found;
}

type About = (
  code: string,
  severity: ProblemView['severity'],
  sinceMs: number | null,
  text: readonly [message: string, mend: string],
) => ProblemView;

function ofRun({ line, row, history }: JobFacts, nowMs: number, takers: number, about: About): ProblemView[] {
  if (row === undefined) {
    const sinceMs = line.updatedAt.getTime();
    if (nowMs - sinceMs < NOBODY_MS) return [];
    const mend =
      takers === 0
        ? 'No worker that takes jobs is there: start one (millrace worker), or undo the drain of one.'
        : 'A worker takes it within seconds unless all are full or cannot reach the metadata database: look at their logs.';
    return [about('job.nobody_runs', 'error', sinceMs, [`no worker runs ${line.name}`, mend])];
  }
  const found: ProblemView[] = [];
  const lagMs = row.lag.nowMs ?? 0;
  const last = history.slice(-LAG_POINTS);
  const first = last.find((point) => point.lagMs !== null)?.lagMs ?? undefined;
  const grows = first !== undefined && lagMs > first * LAG_GROWTH;
  if (lagMs > LAG_HIGH_MS || (lagMs > LAG_MS && grows)) {
    const under = history.findLastIndex(({ lagMs: then }) => then !== null && then <= LAG_MS);
    const message = `${line.name} is ${seconds(lagMs)} behind its source${grows ? ', and falls further behind' : ''}`;
    const mend =
      row.blocked > 0.5
        ? 'A stage waits for room downstream: look at the DAG for the vertex behind it that is busy, and give it more parallelism, or make its sink faster.'
        : 'Look at the DAG for the busiest vertex; if none is, the source or its network is what is slow.';
    found.push(about('job.lag', 'warning', history[under + 1]?.at ?? row.at, [message, mend]));
  }
  for (const stage of row.openCircuits) {
    const message = `stage "${stage}" of ${line.name} sends nothing: what it sends to fails, and is tried again now and then`;
    const mend =
      'Look at the receiver and its log: the job goes on by itself when it answers. Until then no snapshot is complete.';
    found.push(about('stage.circuit_open', 'warning', null, [message, mend]));
  }
  const intervalMs = parseDurationMs(line.snapshotInterval) ?? SNAPSHOT_INTERVAL_MS;
  const lateMs = Math.max(SNAPSHOT_INTERVALS * intervalMs, SNAPSHOT_LATE_MS_MIN);
  const takenAt = row.snapshot?.takenAt ?? row.startedAt;
  if (line.guarantee !== 'none' && row.status === 'RUNNING' && nowMs - takenAt > lateMs) {
    const message = `the newest snapshot of ${line.name} is ${seconds(nowMs - takenAt)} old; it should be ${line.snapshotInterval}`;
    const mend =
      'A barrier is held up, or Redis or the metadata database does not take the state: look at the queues of the DAG and the log of the worker. The source keeps its log meanwhile.';
    found.push(about('snapshot.late', 'warning', takenAt, [message, mend]));
  }
  return found;
}

const ofMember = ({ name, lastAt }: GoneMember): ProblemView => ({
  code: 'member.gone',
  severity: 'warning',
  message: `the worker ${name} is gone without a word`,
  mend: 'Its jobs go on elsewhere. If it was not stopped by hand, look at its log or its machine; nothing else is to be done.',
  since: isoTime(lastAt),
  target: { kind: 'member', id: name, name },
});

function ofKey({ id, name, expiresAt, revokedAt }: ApiKey, nowMs: number): readonly ProblemView[] {
  if (expiresAt === null || revokedAt !== null) return [];
  const leftMs = expiresAt.getTime() - nowMs;
  if (leftMs <= 0 || leftMs > KEY_ENDS_MS) return [];
  return [
    {
      code: 'api_key.expires',
      severity: 'warning',
      message: `the API key "${name}" expires at ${expiresAt.toISOString()}`,
      mend: 'Make another one and give it to whoever uses this one.',
      since: null,
      target: { kind: 'api-key', id, name },
    },
  ];
}
