import type { Engine, Execution } from '@millrace/engine';
import { type ErrorRecord, MillraceError, toErrorRecord } from '@millrace/kernel';
import { Fenced, JobCancelled } from '../errors.ts';
import { decodeState } from '../snapshot/state-codec.ts';
import { JobTaps } from '../taps/job-taps.ts';
import type { TapBoard } from '../taps/tap-board.ts';
import { Attempt, type AttemptOptions, type AttemptParts } from './attempt.ts';
import { ATTEMPT_BACK_OFF, backOffMs } from './back-off.ts';
import {
  type EndState,
  type ExecutionSignal,
  type ExecutionState,
  isEndState,
  nextState,
  STATUS_OF,
} from './execution-state.ts';
import { FiguresTeller, type TellFigures } from './figures-teller.ts';
import { countsOf, type JobCounts } from './job-counts.ts';
import type { JobDirectory, JobPlan, JobView } from './job-directory.ts';
import { findRestorePoint } from './restore.ts';
import { Signals } from './signals.ts';
import { StatusReporter } from './status-reporter.ts';

/** How often the job is looked at without having been poked. */
const LOOK_INTERVAL_MS = 2_000;
/** How often figures are told and the generation is looked at. */
const FIGURES_INTERVAL_MS = 1_000;
/** Longest wait for the snapshot before a suspend, restart, cancel or shutdown; without it the newest one stands. */
const LAST_SNAPSHOT_MS_MAX = 10_000;
/** An attempt that ran for this long was healthy: the next failure is the first again. */
const HEALTHY_MS = 60_000;
/** After a shutdown was asked for, the status is tried for this long; another member corrects what could not be written. */
const LAST_STATUS_MS_MAX = 3_000;

export interface CoordinatorParts extends AttemptParts {
  readonly engine: Engine;
  readonly jobs: JobDirectory;
  /** URL of the module with `buildDag`. */
  readonly dagModule: string;
  /** Name of this member. */
  readonly member: string;
  readonly tellFigures: TellFigures;
  /** Who wishes to look at rows; absent: nobody ever does. */
  readonly taps?: Pick<TapBoard, 'wishes' | 'publish'> | undefined;
}

/**
 * Runs one job on this member from being taken from the queue until nothing is left to do here: attempt after attempt, each with a generation of its own.
 * Every state has one action (`#act`), its signal and the table in `execution-state.ts` give the next state.
 */
export class ExecutionCoordinator {
  readonly jobId: string;
  readonly #parts: CoordinatorParts;
  readonly #status: StatusReporter;
  readonly #over = new AbortController();
  readonly #figures: FiguresTeller;
  #taps: JobTaps | undefined;
  #signals = new Signals();
  #state: ExecutionState = 'starting';
  #jobName: string;
  /** Below 0 until the job has been read. */
  #generation = -1;
  /** `restartRequested` when the attempt began. */
  #restartSeen = 0;
  #attempt: Attempt | undefined;
  #attemptStartedMs = 0;
  /** Of the attempt before, when there is none now. */
  #counts: JobCounts | undefined;
  #failures = 0;
  #error: ErrorRecord | undefined;
  #isReleaseAsked = false;
  #look: (() => void) | undefined;

  constructor(jobId: string, parts: CoordinatorParts) {
    this.jobId = jobId;
    this.#jobName = jobId;
    this.#parts = parts;
    this.#figures = new FiguresTeller(parts);
    this.#status = new StatusReporter(jobId, parts.jobs, parts, () => this.#signals.raise('fenced'));
  }

  /** Resolves when this member has nothing more to do for the job, and everything of it is closed. */
  async run(): Promise<EndState> {
    const background = [this.#watchJob(), this.#watchExecution()];
    try {
      while (!isEndState(this.#state)) {
        const state: ExecutionState = nextState(this.#state, await this.#act(this.#state));
        await this.#enter(state);
      }
      return this.#state;
    } finally {
      await this.#stopAttempt();
      this.#over.abort();
      this.#status.giveUp();
      await Promise.all(background);
    }
  }

  /** The job's id until it has been read. */
  get jobName(): string {
    return this.#jobName;
  }

  /** Looks at the job now. */
  poke(): void {
    this.#look?.();
  }

  /** This member shuts down: takes a last snapshot and stops, so that another member can go on. */
  release(): void {
    this.#isReleaseAsked = true;
    this.#signals.raise('releaseAsked');
  }

  #act(state: Exclude<ExecutionState, EndState>): Promise<ExecutionSignal> {
    switch (state) {
      case 'starting':
        return this.#start();
      case 'running':
        return this.#signals.next();
      case 'waiting':
        return this.#wait();
      case 'completing':
        return this.#drain(Number.POSITIVE_INFINITY);
      case 'suspending':
      case 'cancelling':
      case 'restarting':
      case 'releasing':
        return this.#drain(LAST_SNAPSHOT_MS_MAX);
    }
  }

  async #enter(state: ExecutionState): Promise<void> {
    if (state === this.#state) return;
    this.#state = state;
    if (state === 'waiting' || isEndState(state)) await this.#stopAttempt();
    if (state === 'cancelled') {
      this.#error = toErrorRecord(
        new MillraceError(JobCancelled, { message: `the job "${this.#jobName}" was cancelled` }),
      );
    }
    const status = STATUS_OF[state];
    const error = state === 'waiting' || status === 'FAILED' ? this.#error : undefined;
    this.#log(state, error);
    // STARTING is written by `begin`.
    if (status === undefined || state === 'starting' || this.#generation < 0) return;
    const counts = this.#attempt?.counts ?? this.#counts;
    const outcome = { status, error, counts: counts?.length === 0 ? undefined : counts };
    this.#status.report({ generation: this.#generation, ...outcome });
    if (isEndState(state)) await this.#flushStatus();
  }

  async #flushStatus(): Promise<void> {
    const limit = (): (() => void) => this.#parts.clock.timer(LAST_STATUS_MS_MAX, () => this.#status.giveUp());
    let cancel = this.#isReleaseAsked ? limit() : undefined;
    const released = this.#untilReleased().then(() => {
      cancel ??= limit();
    });
    await this.#status.flush();
    cancel?.();
    void released;
  }

  async #untilReleased(): Promise<void> {
    while ((await this.#signals.next()) !== 'releaseAsked');
  }

  async #start(): Promise<ExecutionSignal> {
    this.#signals = new Signals();
    if (this.#isReleaseAsked) return 'releaseAsked';
    try {
      return await this.#deploy();
    } catch (error) {
      return this.#signalOf(error);
    }
  }

  async #deploy(): Promise<ExecutionSignal> {
    const { jobs, store, witness, engine, dagModule } = this.#parts;
    const job = await jobs.find(this.jobId);
    if (job === undefined || job.status === 'COMPLETED' || job.status === 'FAILED') return 'fenced';
    this.#jobName = job.name;
    // Should the claim fail for good, that is told under the generation of the execution before.
    this.#generation = Math.max(this.#generation, job.generation);
    this.#restartSeen = job.restartRequested;
    // The metadata database knows generations too, so that a Redis that lost some cannot give one out twice.
    const floor = Math.max(job.generation, (await witness.read(this.jobId))?.generation ?? 0);
    this.#generation = await store.claim(this.jobId, floor);
    const command = commandOf(job, this.#restartSeen);
    if (command !== undefined) return command;
    if (!(await jobs.begin(this.jobId, this.#generation))) return this.#notWanted();
    await store.sweep(this.jobId).catch(() => undefined);
    const plan = await jobs.plan(this.jobId);
    const { restored, nextSnapshotId } =
      plan.guarantee === 'none'
        ? { restored: undefined, nextSnapshotId: 1 }
        : await findRestorePoint(this.jobId, store, witness);
    const restore = restored && { snapshotId: restored.snapshotId, state: decodeState(restored.bytes) };
    const counted = countsOf(restore?.state ?? []);
    const execution = await engine.deploy({
      jobId: this.jobId,
      jobName: job.name,
      generation: this.#generation,
      guarantee: plan.guarantee,
      dagModule,
      spec: plan.spec,
      restore,
    });
    this.#begin(execution, plan, { isFirstStart: restored === undefined, nextSnapshotId, counted });
    return 'deployed';
  }

  /** The job changed its mind between being looked at and being begun. */
  async #notWanted(): Promise<ExecutionSignal> {
    const job = await this.#parts.jobs.find(this.jobId);
    if (job === undefined || job.status === 'COMPLETED' || job.status === 'FAILED') return 'fenced';
    return commandOf(job, this.#restartSeen) ?? 'failedForNow';
  }

  #begin(
    execution: Execution,
    { guarantee, snapshotIntervalMs }: JobPlan,
    from: Pick<AttemptOptions, 'isFirstStart' | 'nextSnapshotId' | 'counted'>,
  ): void {
    const attempt = new Attempt(
      execution,
      {
        ...from,
        jobId: this.jobId,
        jobName: this.#jobName,
        generation: this.#generation,
        snapshotIntervalMs: guarantee === 'none' ? undefined : snapshotIntervalMs,
      },
      this.#parts,
    );
    const signals = this.#signals;
    attempt.outcome.then(
      () => signals.raise('inputEnded'),
      (error: unknown) => {
        if (this.#attempt === attempt) signals.raise(this.#signalOf(error));
      },
    );
    this.#attempt = attempt;
    this.#figures.begin(attempt);
    const { taps, clock } = this.#parts;
    this.#taps = taps && new JobTaps(taps, clock);
    this.#attemptStartedMs = this.#parts.clock.monotonicMs();
    attempt.start();
  }

  /** Takes the last snapshot, at most for `durationMsMax`, and stops. */
  async #drain(durationMsMax: number): Promise<ExecutionSignal> {
    const attempt = this.#attempt!;
    let hasGivenUp = false;
    const giveUp = (): void => {
      hasGivenUp = true;
      void attempt.stop();
    };
    const cancel = Number.isFinite(durationMsMax) ? this.#parts.clock.timer(durationMsMax, giveUp) : undefined;
    const released = Number.isFinite(durationMsMax) ? new Promise<never>(() => {}) : this.#untilReleased();
    try {
      const isReleased = await Promise.race([attempt.takeLastSnapshot(), released.then(() => true)]);
      return isReleased === true ? 'releaseAsked' : 'drained';
    } catch (error) {
      if (!hasGivenUp) return this.#signalOf(error);
      const fields = { job: this.#jobName, generation: this.#generation };
      this.#parts.log.warn(fields, `no last snapshot within ${durationMsMax} ms; the one before stands`);
      return 'drained';
    } finally {
      cancel?.();
      await this.#stopAttempt();
    }
  }

  async #wait(): Promise<ExecutionSignal> {
    const signals = new Signals();
    this.#signals = signals;
    if (this.#isReleaseAsked) return 'releaseAsked';
    const { clock, random } = this.#parts;
    const cancel = clock.timer(backOffMs(this.#failures, ATTEMPT_BACK_OFF, random), () => signals.raise('waited'));
    try {
      return await signals.next();
    } finally {
      cancel();
    }
  }

  async #stopAttempt(): Promise<void> {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    if (attempt === undefined) return;
    await attempt.stop();
    this.#counts = attempt.counts;
  }

  #signalOf(error: unknown): ExecutionSignal {
    if (error instanceof MillraceError && error.code === Fenced) return 'fenced';
    this.#error = toErrorRecord(error);
    if (this.#error.retry !== 'later') return 'failedForGood';
    const { clock } = this.#parts;
    const wasHealthy = this.#attempt !== undefined && clock.monotonicMs() - this.#attemptStartedMs >= HEALTHY_MS;
    this.#failures = wasHealthy ? 1 : this.#failures + 1;
    return 'failedForNow';
  }

  /** Compares what is with what should be: when poked, and every `LOOK_INTERVAL_MS`. */
  async #watchJob(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      await this.#untilLook();
      if (signal.aborted) return;
      let job: JobView | undefined;
      try {
        job = await this.#parts.jobs.find(this.jobId);
      } catch {
        continue; // The metadata database is away; the job goes on meanwhile.
      }
      // Before the first look of `#deploy` there is nothing to compare with.
      if (this.#generation < 0) continue;
      if (job === undefined || job.generation > this.#generation) {
        this.#signals.raise('fenced');
      } else {
        const command = commandOf(job, this.#restartSeen);
        if (command !== undefined) this.#signals.raise(command);
      }
    }
  }

  #untilLook(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.timer(LOOK_INTERVAL_MS, resolve);
      const look = (): void => {
        cancel();
        resolve();
      };
      this.#look = look;
      this.#over.signal.addEventListener('abort', look, { once: true });
    });
  }

  /** Tells figures, and notices that a newer execution has taken over. */
  async #watchExecution(): Promise<void> {
    const { clock, store } = this.#parts;
    const { signal } = this.#over;
    while (!signal.aborted) {
      await clock.sleep(FIGURES_INTERVAL_MS, signal).catch(() => undefined);
      const attempt = this.#attempt;
      if (signal.aborted || attempt === undefined) continue;
      const signals = this.#signals;
      try {
        if ((await store.generationOf(this.jobId)) > attempt.generation) signals.raise('fenced');
        const status = STATUS_OF[this.#state];
        if (status !== undefined) await this.#figures.tell({ id: this.jobId, name: this.#jobName }, attempt, status);
        await this.#taps?.look(this.jobId, attempt.execution);
      } catch {
        // Redis is away or the execution is over: there is nothing to tell, and whoever runs into it says so.
      }
    }
  }

  #log(state: ExecutionState, error: ErrorRecord | undefined): void {
    const { log } = this.#parts;
    const snapshot = this.#attempt?.snapshot?.id;
    const fields = { job: this.#jobName, generation: this.#generation, ...(snapshot !== undefined && { snapshot }) };
    const line = `job ${this.#jobName}: ${state}`;
    if (error === undefined || state === 'cancelled') log.info(fields, line);
    else {
      const { code, message, mend, stack } = error;
      const failure = { ...fields, code, mend, ...(error.domain === 'internal' && { stack }) };
      if (state === 'failed') log.error(failure, `${line}: ${message}`);
      else log.warn(failure, `${line}: ${message}`);
    }
  }
}

/** What the job wants of an execution that runs; `undefined`: go on. */
function commandOf(job: JobView, restartSeen: number): ExecutionSignal | undefined {
  if (job.desired === 'suspended') return 'suspendAsked';
  if (job.desired === 'cancelled') return 'cancelAsked';
  return job.restartRequested > restartSeen ? 'restartAsked' : undefined;
}
