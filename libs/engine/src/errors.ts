import { type ErrorRecord, errorCode, MillraceError, toErrorRecord } from '@millrace/kernel';

/** A worker thread died (uncaught error, out of memory) or no longer answered; its executions died with it. */
export const ThreadLost = errorCode('engine.thread_lost', {
  domain: 'internal',
  retry: 'later',
  title: 'A worker thread was lost',
});

/** The execution or the engine was stopped before the call could finish. */
export const ExecutionStopped = errorCode('engine.stopped', {
  domain: 'internal',
  retry: 'later',
  title: 'Execution stopped',
});

/** A processor threw something that has no code of its own. */
export const ProcessorFailed = errorCode('engine.processor_failed', {
  domain: 'internal',
  retry: 'later',
  title: 'A processor failed',
});

/** A processor broke the rules of its contract in a way that would lose or double rows. */
export const ContractViolated = errorCode('engine.contract_violated', {
  domain: 'internal',
  retry: 'never',
  title: 'A processor broke its contract',
});

/** The DAG cannot be run: no `buildDag`, a cycle, parallelisms that do not match. */
export const DagInvalid = errorCode('engine.dag_invalid', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The DAG is not valid',
});

/** The snapshot holds state of a vertex that the DAG does not have: restoring would drop it silently. */
export const StateWithoutVertex = errorCode('engine.state_without_vertex', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Saved state belongs to no vertex',
});

/** A processor's `close` failed or did not end in time; the execution ended all the same. */
export const CloseFailed = errorCode('engine.close_failed', {
  domain: 'internal',
  retry: 'never',
  title: 'A processor did not close',
});

/** A callback of a cooperative processor held its thread for so long that every job on it waited; nothing failed. */
export const SlowCallback = errorCode('engine.slow_callback', {
  domain: 'user',
  retry: 'never',
  title: 'A callback held up its thread',
});

/** Where an error came from. */
export interface ErrorOrigin {
  readonly vertex: string;
  readonly globalIndex: number;
  readonly callback: string;
}

/**
 * Plain data of what a processor threw, with its origin added to the details. A `MillraceError` keeps its code, anything
 * else becomes `engine.processor_failed`.
 */
export function processorErrorRecord(error: unknown, origin: ErrorOrigin): ErrorRecord {
  const record = toErrorRecord(error);
  const details = { ...record.details, ...origin };
  if (error instanceof MillraceError) return cloneable({ ...record, details });
  const message = `${origin.vertex}#${origin.globalIndex} failed in ${origin.callback}: ${record.message}`;
  return cloneable({ ...record, ...ProcessorFailed, message, details });
}

/** The record as it can be posted between threads: details that cannot be cloned are left out. */
export function cloneable(record: ErrorRecord): ErrorRecord {
  try {
    return structuredClone(record);
  } catch {
    return { ...record, details: undefined };
  }
}
