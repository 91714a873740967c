import { type ChangeBatch, changeEvents } from '@millrace/formats';
import {
  DrivenSink,
  DrivenSource,
  type DriveSinkOptions,
  type DriveSourceOptions,
  TEST_JOB,
} from '@millrace/testing/drivers';
import { kafkaSink } from '../connector.ts';
import { kafkaSource } from '../source/kafka-source.ts';

export const JOB = { ...TEST_JOB, jobName: 'shop', stage: 'events' };

type SinkOptions = DriveSinkOptions & { readonly jobId?: string };

const ofJob = ({ jobId, ...options }: SinkOptions): DriveSinkOptions => ({
  ...options,
  job: jobId === undefined ? JOB : { ...JOB, jobId },
});

/** One writer of the sink. */
export const startSink = (options: SinkOptions): Promise<DrivenSink> => DrivenSink.start(kafkaSink, ofJob(options));

/** Events as `op id note`. */
const read = (batch: ChangeBatch): string[] =>
  changeEvents(batch).map(({ op, before, after }) => {
    const row = after ?? before!;
    return [op, row['id'], ...(op === 'd' ? [] : [row['note']])].map(String).join(' ');
  });

/** One instance of the source. */
export const startSource = ({
  brokers,
  ...options
}: Omit<DriveSourceOptions<string>, 'config' | 'read'> & { readonly brokers: string }): Promise<DrivenSource<string>> =>
  DrivenSource.start(kafkaSource, { ...options, job: JOB, config: { brokers: [brokers] }, read });
