import { MessageReader, type Refusals, textBytes } from '@millrace/connector-contract';
import { type DeclaredRow, declaredRowOfJson, declaredSchema, NotAValue, type TableSchema } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import type { Job } from 'bullmq';
import type { SourceStage } from '../config.ts';
import { RowRefused } from '../errors.ts';

/** What a row is made of. */
export type JobParts = Pick<Job, 'name' | 'data'> & { readonly id?: string | undefined };

/** Rows of jobs. */
export function jobRows(
  stage: SourceStage,
  stageName: string,
  refusals: Refusals | undefined,
): MessageReader<JobParts> {
  const schema = declaredSchema(stage);
  const { queue } = stage;
  return new MessageReader<JobParts>({
    schema,
    refusals,
    rowOf: (job) => rowOf(job, stage, schema),
    refused: ({ id = '' }, reason) =>
      new MillraceError(RowRefused, {
        message: `job ${id} of queue ${queue}: ${reason}`,
        mend: 'Correct columns and key of the stage. A job that nobody can read can be set aside: give the stage onError.',
        details: { queue, job: id },
      }),
    letter: {
      stage: stageName,
      names: ['queue', 'job', 'name', 'data'],
      partsOf: ({ id = '', name, data }) => ({ queue, job: id, name, data: Buffer.from(JSON.stringify(data) ?? '') }),
      messageOf: ({ job, name, data }) => ({ id: job ?? '', name: name ?? '', data: parsed(data ?? '') }),
    },
  });
}

function rowOf({ id = '', name, data }: JobParts, stage: SourceStage, { columns }: TableSchema): DeclaredRow {
  const isObject = typeof data === 'object' && data !== null && !Array.isArray(data);
  if (!isObject) throw new NotAValue('its data are no object');
  const { idColumn, nameColumn } = stage;
  const more = {
    ...(idColumn === undefined ? {} : { [idColumn]: id }),
    ...(nameColumn === undefined ? {} : { [nameColumn]: name }),
  };
  return declaredRowOfJson(columns, JSON.stringify({ ...data, ...more }));
}

/** Text that is no JSON is refused as data that are no object. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(textBytes(text).toString());
  } catch {
    return undefined;
  }
}
