import { type Refusals, textBytes, UnreadEvents } from '@millrace/connector-contract';
import {
  type ChangeBatch,
  type DeclaredRow,
  declaredRowOfJson,
  declaredSchema,
  encodeRows,
  NotAValue,
  type TableSchema,
} from '@millrace/formats';
import { isRecordError, MillraceError } from '@millrace/kernel';
import type { Job } from 'bullmq';
import type { SourceStage } from '../config.ts';
import { RowRefused } from '../errors.ts';

/** What a row is made of. */
type JobParts = Pick<Job, 'name' | 'data'> & { readonly id?: string | undefined };

/** Rows of jobs, and of those that cannot be read what their letters hold. */
export class JobRows {
  readonly #stage: SourceStage;
  readonly #schema: TableSchema;
  readonly #events: UnreadEvents;

  constructor(stage: SourceStage, stageName: string) {
    this.#stage = stage;
    this.#schema = declaredSchema(stage);
    this.#events = new UnreadEvents(stageName, ['queue', 'job', 'name', 'data']);
  }

  batch(rows: readonly DeclaredRow[], receivedMs: number): ChangeBatch | undefined {
    return rows.length === 0 ? undefined : encodeRows(this.#schema, rows, { receivedMs });
  }

  /** @throws MillraceError `bullmq.row_refused` */
  rowOf({ id = '', name, data }: JobParts): DeclaredRow {
    const { idColumn, nameColumn, queue } = this.#stage;
    try {
      const isObject = typeof data === 'object' && data !== null && !Array.isArray(data);
      if (!isObject) throw new NotAValue('its data are no object');
      const more = {
        ...(idColumn === undefined ? {} : { [idColumn]: id }),
        ...(nameColumn === undefined ? {} : { [nameColumn]: name }),
      };
      return declaredRowOfJson(this.#schema.columns, JSON.stringify({ ...data, ...more }));
    } catch (error) {
      if (!(error instanceof NotAValue)) throw error;
      throw new MillraceError(RowRefused, {
        message: `job ${id} of queue ${queue}: ${error.message}`,
        mend: 'Correct columns and key of the stage. A job that nobody can read can be set aside: give the stage onError.',
        details: { queue, job: id },
      });
    }
  }

  refuse(refusals: Refusals, { id, name, data }: JobParts, error: MillraceError, receivedMs: number): void {
    const parts = { queue: this.#stage.queue, job: id ?? '', name, data: Buffer.from(JSON.stringify(data) ?? '') };
    refusals.refuse(this.#events.batchOf(parts, receivedMs), 0, error);
  }

  /** Rows of what came back; what cannot be read is refused again. */
  readAgain(refusals: Refusals, batch: ChangeBatch): readonly DeclaredRow[] {
    const rows: DeclaredRow[] = [];
    for (let index = 0; index < batch.length; index++) {
      try {
        const { job, name, data } = this.#events.partsOf(batch, index);
        rows.push(this.rowOf({ id: job ?? '', name: name ?? '', data: parsed(data ?? '') }));
      } catch (error) {
        if (!isRecordError(error)) throw error;
        refusals.refuse(batch, index, error);
      }
    }
    return rows;
  }
}

/** Text that is no JSON is refused as data that are no object. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(textBytes(text).toString());
  } catch {
    return undefined;
  }
}
