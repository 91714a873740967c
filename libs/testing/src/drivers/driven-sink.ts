import type { Refusals, SinkConnector } from '@millrace/connector-contract';
import type { Batch, SnapshotEntry } from '@millrace/engine';
import { DrivenProcessor, type DriveOptions, TEST_JOB } from './driven-processor.ts';

/** Options as a user writes them; the connector's schemas read them. */
export interface DriveSinkOptions extends DriveOptions {
  readonly config: unknown;
  readonly stage?: unknown;
  readonly refusals?: Refusals | undefined;
}

const NO_OUTBOX = { edgeCount: 0, offer: () => true, offerTo: () => true };

/** Options of a sink as its factories get them. */
export function resolvedSink<Config, Stage>(
  connector: SinkConnector<Config, Stage>,
  { config, stage, job }: Pick<DriveSinkOptions, 'config' | 'stage' | 'job'>,
) {
  return {
    config: connector.config.parse(config),
    stage: connector.stage.parse(stage ?? {}),
    job: { ...TEST_JOB, ...job },
  };
}

/** One instance of a sink connector. */
export class DrivenSink extends DrivenProcessor {
  /** How often it said "not now" to a batch. */
  refusals = 0;

  static async start<Config, Stage>(
    connector: SinkConnector<Config, Stage>,
    options: DriveSinkOptions,
  ): Promise<DrivenSink> {
    const sink = new DrivenSink(
      connector.createSink({ ...resolvedSink(connector, options), refusals: options.refusals }),
      NO_OUTBOX,
      options,
    );
    await sink.open();
    return sink;
  }

  /** Writes batches. */
  async write(...batches: readonly Batch[]): Promise<void> {
    for (const batch of batches) await this.untilTrue(() => this.offer(batch));
  }

  /** Whether it takes the batch at once. */
  offer(batch: Batch): boolean {
    const isTaken = this.processor.process!(0, batch);
    if (!isTaken) this.refusals += 1;
    return isTaken;
  }

  /** Phase one; the state to keep. */
  async prepare(snapshotId: number): Promise<SnapshotEntry[]> {
    await this.untilTrue(() => this.processor.snapshotPrepare?.(snapshotId) ?? true);
    return this.saveEntries(snapshotId);
  }

  /** Both phases. */
  async snapshot(snapshotId: number): Promise<SnapshotEntry[]> {
    const entries = await this.prepare(snapshotId);
    await this.commit(snapshotId);
    return entries;
  }

  /** The input has ended. */
  complete(): Promise<void> {
    return this.untilTrue(() => this.processor.complete?.() ?? true);
  }
}
