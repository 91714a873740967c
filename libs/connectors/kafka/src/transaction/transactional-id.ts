import type { JobIdentity } from '@millrace/connector-contract';

/** Transactions of one writer take turns: while one is prepared, the next is written. */
export const TURNS = 2;
/** With continuous commits some are still being ended while the next is written. */
export const CONTINUOUS_TURNS = 4;

/** Who writes under a transactional id. Each execution has ids of its own, so that an older one can't end what a newer one has prepared. */
export interface IdOwner {
  readonly writer: number;
  readonly turn: number;
  /** Of the execution, from 1; 0: an id of the time when all executions had the same. */
  readonly generation: number;
}

/** What all transactional ids of a stage begin with; give a user rights on them by this prefix. Ids and stage names hold no dot. */
export const idPrefix = ({ jobId, stage }: JobIdentity): string => `millrace.${jobId}.${stage}.`;

export const transactionalId = (job: JobIdentity, { writer, turn, generation }: IdOwner): string =>
  `${idPrefix(job)}${writer}.${turn}${generation === 0 ? '' : `.${generation}`}`;

/** The owner of an id that `transactionalId` made. */
export function ownerOf(job: JobIdentity, id: string): IdOwner {
  const [writer, turn, generation = 0] = id.slice(idPrefix(job).length).split('.').map(Number);
  return { writer: writer!, turn: turn!, generation };
}
