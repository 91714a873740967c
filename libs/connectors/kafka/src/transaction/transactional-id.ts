import type { JobIdentity } from '@millrace/connector-contract';

/** Transactions of one writer take turns: while one is prepared, the next is written. */
export const TURNS = 2;
/** With continuous commits some are still being ended while the next is written. */
export const CONTINUOUS_TURNS = 4;

/** What all transactional ids of a stage begin with; give a user rights on them by this prefix. Ids and stage names hold no dot. */
export const idPrefix = ({ jobId, stage }: JobIdentity): string => `millrace.${jobId}.${stage}.`;

export const transactionalId = (job: JobIdentity, writer: number, turn: number): string =>
  `${idPrefix(job)}${writer}.${turn}`;

/** The writer of an id that `transactionalId` made. */
export const writerOf = (job: JobIdentity, id: string): number => Number(id.slice(idPrefix(job).length).split('.')[0]);
