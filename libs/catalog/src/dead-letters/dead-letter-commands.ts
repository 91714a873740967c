import { MillraceError } from '@millrace/kernel';
import type { DataSource, EntityManager } from 'typeorm';
import { appendAudit } from '../audit/append-audit.ts';
import type { Job } from '../entities.ts';
import { type JobRef, letterId, letterRanges } from './dead-letter.ts';
import { type Choice, choose, heldBack, inWrongState, lockCommands } from './dead-letter-choice.ts';
import { type LetterSelection, lettersSql, Parameters } from './dead-letter-filter.ts';
import { type Hindrance, type LetterOutcome, outcomeOf } from './dead-letter-plan.ts';
import { DeadLetterJobEnded, DeadLetterWrongState, KeyIsParked, namedLetters } from './errors.ts';

/** Letters that a refusal lists. */
const REFUSALS_MAX = 100;

interface LetterRequest {
  readonly selection: LetterSelection;
  /** Only tell what would happen. */
  readonly dryRun: boolean;
  /** Who asks, for the audit log. */
  readonly requestId: string;
}

export interface ReplayRequest extends LetterRequest {
  /** Take along all open letters of the same keys. */
  readonly withKey: boolean;
  /** Letters a second at most. */
  readonly rate: number | undefined;
}

export interface DiscardRequest extends LetterRequest {
  readonly withKey: boolean;
  /** Why they are given up, in the words of who does it. */
  readonly because: string;
}

/** A change of letters from one state to another, with its row of the audit log. */
interface Transition {
  readonly from: 'open' | 'replaying';
  /** What is set, in SQL. */
  readonly set: (parameters: Parameters) => string;
  readonly action: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export async function replay(
  dataSource: DataSource,
  job: JobRef & Pick<Job, 'status' | 'desired'>,
  { selection, withKey, rate, dryRun, requestId }: ReplayRequest,
): Promise<LetterOutcome> {
  if (job.status === 'COMPLETED' || job.desired === 'cancelled') throw ended(job);
  return dataSource.transaction(async (manager) => {
    await lockCommands(manager, job.id);
    const wrong = await inWrongState(manager, job, selection, 'open');
    const choice = await choose(manager, job.id, selection, 'open', withKey ? 'same-key' : 'none');
    const held = await heldBack(manager, job.id, choice.letters);
    if (dryRun) return outcomeOf(choice.letters, { ...choice, dryRun, hindered: [...wrong, ...held] });
    refuse(wrong, held);
    return change(manager, job, choice, requestId, {
      from: 'open',
      set: (parameters) => `state = 'replaying', replay_rate = ${parameters.add(rate ?? null)}::integer`,
      action: 'dead_letter.replay',
      details: { rate },
    });
  });
}

export async function cancelReplay(
  dataSource: DataSource,
  job: JobRef,
  { selection, dryRun, requestId }: LetterRequest,
): Promise<LetterOutcome> {
  return dataSource.transaction(async (manager) => {
    await lockCommands(manager, job.id);
    const wrong = await inWrongState(manager, job, selection, 'replaying');
    const choice = await choose(manager, job.id, selection, 'replaying', 'later-of-key');
    if (dryRun) return outcomeOf(choice.letters, { ...choice, dryRun, hindered: wrong });
    refuse(wrong, []);
    return change(manager, job, choice, requestId, {
      from: 'replaying',
      set: () => `state = 'open', replay_rate = NULL`,
      action: 'dead_letter.cancel_replay',
      details: {},
    });
  });
}

export async function discard(
  dataSource: DataSource,
  job: JobRef,
  { selection, withKey, because, dryRun, requestId }: DiscardRequest,
): Promise<LetterOutcome> {
  return dataSource.transaction(async (manager) => {
    await lockCommands(manager, job.id);
    const wrong = await inWrongState(manager, job, selection, 'open');
    const choice = await choose(manager, job.id, selection, 'open', withKey ? 'same-key' : 'none');
    if (dryRun) return outcomeOf(choice.letters, { ...choice, dryRun, hindered: wrong });
    refuse(wrong, []);
    return change(manager, job, choice, requestId, {
      from: 'open',
      set: () => `state = 'discarded', is_told = false, resolved_at = now()`,
      action: 'dead_letter.discard',
      details: { because },
    });
  });
}

/** The job may be quicker with any of the letters: what counts is what is still in its state when it is written. */
async function change(
  manager: EntityManager,
  job: JobRef,
  { letters, hasMore }: Choice,
  requestId: string,
  { from, set, action, details }: Transition,
): Promise<LetterOutcome> {
  if (letters.length === 0) return outcomeOf([], { dryRun: false, hasMore });
  const parameters = new Parameters();
  const [written] = await manager.query<[{ stage: string; number: string }[], number]>(
    `UPDATE millrace.dead_letter letter SET ${set(parameters)}
     WHERE job_id = ${parameters.add(job.id)} AND (stage, number) IN ${lettersSql(letters, parameters)}
       AND state = '${from}'
     RETURNING stage, number`,
    parameters.values,
  );
  const names = new Set(written.map(({ stage, number }) => `${stage}.${number}`));
  const changed = letters.filter((letter) => names.has(letterId(letter)));
  if (changed.length > 0) {
    const entry = { job: job.name, ...details, count: changed.length, letters: letterRanges(changed) };
    await appendAudit(manager, { action, target: `job/${job.id}`, requestId, details: entry });
  }
  return outcomeOf(changed, { dryRun: false, hasMore });
}

/** One letter that can't be taken refuses the request as a whole. */
function refuse(wrong: readonly Hindrance[], held: readonly Hindrance[]): void {
  const [first] = [...wrong, ...held];
  if (first === undefined) return;
  const errors = [...wrong, ...held].slice(0, REFUSALS_MAX).map(({ code, message }) => ({ code, message }));
  if (wrong.length > 0) {
    throw new MillraceError(DeadLetterWrongState, {
      message: `nothing was changed: ${first.message}${wrong.length > 1 ? `, and ${wrong.length - 1} more are in the wrong state` : ''}`,
      mend: 'Name letters that are open (to cancel a replay: replaying), or use a filter, which takes only those.',
      details: { letters: wrong.slice(0, REFUSALS_MAX).map(({ letter }) => letterId(letter)), errors },
    });
  }
  const by = held.flatMap((hindrance) => hindrance.by);
  const holders = [...new Map(by.map((letter) => [letterId(letter), letter])).values()];
  throw new MillraceError(KeyIsParked, {
    message: `nothing was changed: ${first.message}${held.length > 1 ? `, and ${held.length - 1} more wait for earlier ones too` : ''}`,
    mend: `Replay or discard ${namedLetters(holders)} first, or send "withKey": true, which takes along all open letters of the same keys.`,
    details: {
      letters: held.slice(0, REFUSALS_MAX).map(({ letter }) => letterId(letter)),
      heldBy: holders.map(letterId),
      errors,
    },
  });
}

const ended = (job: JobRef & Pick<Job, 'status' | 'desired'>): MillraceError =>
  new MillraceError(DeadLetterJobEnded, {
    message: `the job "${job.name}" is ${job.status} (wanted: ${job.desired}) and will not run again`,
    mend: `Discard them with POST /api/v1/jobs/${job.name}/dead-letters/discard, or write the rows at the target by hand.`,
    details: { status: job.status, desired: job.desired },
  });
