import type { JobStatus } from '../job-status.ts';

/** Where a member is with a job it has taken from the queue. */
export type ExecutionState =
  /** Claiming a generation, restoring, deploying. */
  | 'starting'
  | 'running'
  /** A failure that may pass; the next attempt starts after a pause. */
  | 'waiting'
  /** A terminal snapshot is being taken, in order to … */
  | 'suspending'
  | 'cancelling'
  | 'restarting'
  /** … hand the job to another member, because this one is shutting down. */
  | 'releasing'
  /** All input has ended; the final snapshot shows what the sinks prepared last. */
  | 'completing'
  | EndState;

export type EndState = 'suspended' | 'cancelled' | 'completed' | 'failed' | 'released' | 'superseded';

export type ExecutionSignal =
  | 'deployed'
  /** The pause is over. */
  | 'waited'
  /** The user wants the job suspended, cancelled or restarted; this member is shutting down. */
  | 'suspendAsked'
  | 'cancelAsked'
  | 'restartAsked'
  | 'releaseAsked'
  /** Every processor has completed. */
  | 'inputEnded'
  /** The terminal or final snapshot is done (or could not be had in time) and everything is stopped. */
  | 'drained'
  /** A failure after which trying again can help. */
  | 'failedForNow'
  | 'failedForGood'
  /** A newer execution owns the job, or the job is gone. */
  | 'fenced';

type Row = Record<ExecutionSignal, ExecutionState>;

/** In an end state nothing moves any more. */
const stay = <State extends EndState>(state: State): Row => ({
  deployed: state,
  waited: state,
  suspendAsked: state,
  cancelAsked: state,
  restartAsked: state,
  releaseAsked: state,
  inputEnded: state,
  drained: state,
  failedForNow: state,
  failedForGood: state,
  fenced: state,
});

/**
 * A draining state goes on to `end`. A failure that may pass does not keep it from there: the newest committed snapshot stands, and what came
 * after it is produced again when the job goes on.
 */
const drain = (draining: ExecutionState, end: ExecutionState): Row => ({
  deployed: draining,
  waited: draining,
  suspendAsked: draining,
  cancelAsked: draining,
  restartAsked: draining,
  releaseAsked: draining,
  inputEnded: draining,
  drained: end,
  failedForNow: end,
  failedForGood: 'failed',
  fenced: 'superseded',
});

const transitions: Record<ExecutionState, Row> = {
  starting: {
    deployed: 'running',
    waited: 'starting',
    suspendAsked: 'suspended',
    cancelAsked: 'cancelled',
    restartAsked: 'starting',
    releaseAsked: 'released',
    inputEnded: 'starting',
    drained: 'starting',
    failedForNow: 'waiting',
    failedForGood: 'failed',
    fenced: 'superseded',
  },
  running: {
    deployed: 'running',
    waited: 'running',
    suspendAsked: 'suspending',
    cancelAsked: 'cancelling',
    restartAsked: 'restarting',
    releaseAsked: 'releasing',
    inputEnded: 'completing',
    drained: 'running',
    failedForNow: 'waiting',
    failedForGood: 'failed',
    fenced: 'superseded',
  },
  waiting: {
    deployed: 'waiting',
    waited: 'starting',
    suspendAsked: 'suspended',
    cancelAsked: 'cancelled',
    restartAsked: 'starting',
    releaseAsked: 'released',
    inputEnded: 'waiting',
    drained: 'waiting',
    failedForNow: 'waiting',
    failedForGood: 'failed',
    fenced: 'superseded',
  },
  suspending: drain('suspending', 'suspended'),
  cancelling: drain('cancelling', 'cancelled'),
  restarting: drain('restarting', 'starting'),
  releasing: drain('releasing', 'released'),
  // Unlike the others it must get its snapshot: without it the last rows would never be shown.
  completing: { ...drain('completing', 'completed'), failedForNow: 'waiting', releaseAsked: 'released' },
  suspended: stay('suspended'),
  cancelled: stay('cancelled'),
  completed: stay('completed'),
  failed: stay('failed'),
  released: stay('released'),
  superseded: stay('superseded'),
};

export const nextState = (state: ExecutionState, signal: ExecutionSignal): ExecutionState => transitions[state][signal];

const END_STATES: ReadonlySet<ExecutionState> = new Set<EndState>([
  'suspended',
  'cancelled',
  'completed',
  'failed',
  'released',
  'superseded',
]);

export const isEndState = (state: ExecutionState): state is EndState => END_STATES.has(state);

/** What the job shows in each state; `undefined`: somebody else says. */
export const STATUS_OF: Record<ExecutionState, JobStatus | undefined> = {
  starting: 'STARTING',
  running: 'RUNNING',
  waiting: 'NOT_RUNNING',
  suspending: 'SUSPENDED_EXPORTING_SNAPSHOT',
  cancelling: 'COMPLETING',
  restarting: 'RUNNING',
  releasing: 'RUNNING',
  completing: 'COMPLETING',
  suspended: 'SUSPENDED',
  cancelled: 'FAILED',
  completed: 'COMPLETED',
  failed: 'FAILED',
  released: 'NOT_RUNNING',
  superseded: undefined,
};
