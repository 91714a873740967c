import { hash } from 'node:crypto';
import { type ChangeBatch, NO_TRANSACTION, Op } from '@millrace/formats';
import type { JobIdentity } from '../connector.ts';

const HASH_CHARACTERS = 32;

const idOf = (...parts: readonly (string | number | bigint)[]): string =>
  `msg_${hash('sha256', parts.join('\0'), 'hex').slice(0, HASH_CHARACTERS)}`;

/**
 * Ids by which a receiver tells an event that comes again. They follow from the place of the event in its log, whoever sends it and however often. A row of an initial load has none: its id follows from what it
 * holds. A computed row has neither a place nor a need to differ from an earlier one, so its id is only of this execution.
 */
export class EventIds {
  readonly #job: JobIdentity;
  readonly #writer: string;
  #computed = 0;

  constructor(
    job: JobIdentity,
    { generation, globalIndex }: { readonly generation: number; readonly globalIndex: number },
  ) {
    this.#job = job;
    this.#writer = `${generation}/${globalIndex}`;
  }

  /** @param data the row as it is sent */
  idOf(batch: ChangeBatch, index: number, data: Uint8Array): string {
    const { jobId, stage } = this.#job;
    const table = batch.schemas[batch.schemaOf[index]!]!.id;
    const transactionIndex = batch.transactionOf[index]!;
    if (transactionIndex !== NO_TRANSACTION) {
      const { commitLsn, xid, commitTimeUs } = batch.transactions[transactionIndex]!;
      return idOf(jobId, stage, table, commitLsn, xid, commitTimeUs, batch.indexInTransaction[index]!);
    }
    if (batch.op[index] === Op.Read) return idOf(jobId, stage, table, Buffer.from(data).toString());
    this.#computed += 1;
    return idOf(jobId, stage, this.#writer, this.#computed);
  }
}

/** The id of a request with several events: the same events give the same. */
export const requestId = (ids: readonly string[]): string => (ids.length === 1 ? ids[0]! : idOf(...ids));
