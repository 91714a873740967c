import type { Refusals, ReloadRequest, SourceConnector } from '@millrace/connector-contract';
import type { Batch, Watermark } from '@millrace/engine';
import { batchOfRecords, type ChangeBatch, type EventRecord, isChangeBatch } from '@millrace/formats';
import { DrivenProcessor, type DriveOptions, type SavedSnapshot, TEST_JOB } from './driven-processor.ts';

/** Options as a user writes them; the connector's schemas read them. */
export interface DriveSourceOptions<Event> extends DriveOptions {
  readonly config: unknown;
  readonly stage?: unknown;
  /** Default `false`. */
  readonly sinksShowRowsAtOnce?: boolean | undefined;
  readonly refusals?: Refusals | undefined;
  readonly reloads?: readonly ReloadRequest[] | undefined;
  /** Events of a batch, as the test wants to see them. */
  readonly read: (batch: ChangeBatch) => readonly Event[];
  /** Batches the outbox takes; after that it refuses. */
  readonly batchesMax?: number | undefined;
}

/** Options of a source as its factories get them. */
export function resolvedSource<Config, Stage>(
  connector: SourceConnector<Config, Stage>,
  { config, stage, job }: Pick<DriveSourceOptions<unknown>, 'config' | 'stage' | 'job'>,
) {
  return {
    config: connector.config.parse(config),
    stage: connector.stage.parse(stage ?? {}),
    job: { ...TEST_JOB, ...job },
  };
}

/** One instance of a source connector, with an outbox that can refuse and insists on getting the refused item first. */
export class DrivenSource<Event> extends DrivenProcessor {
  readonly batches: ChangeBatch[] = [];
  readonly events: Event[] = [];
  readonly watermarks: Watermark[] = [];
  /** Refuses every offer while set. */
  isFull = false;
  /** Refuses every other offer while set: the same batch must come again. */
  isMoody = false;
  /** It has nothing more to emit. */
  isDone = false;
  readonly #read: (batch: ChangeBatch) => readonly Event[];
  readonly #batchesMax: number;
  #snapshotId: number;
  #offers = 0;
  #lastRefused: unknown;

  private constructor(
    connector: SourceConnector<unknown, unknown>,
    resolved: ReturnType<typeof resolvedSource>,
    options: DriveSourceOptions<Event>,
  ) {
    const { sinksShowRowsAtOnce = false, refusals, reloads } = options;
    const offer = (item: Batch | Watermark): boolean => this.#offer(item);
    const outbox = { edgeCount: 1, offer, offerTo: (_: number, item: Batch | Watermark) => offer(item) };
    super(connector.createSource({ ...resolved, sinksShowRowsAtOnce, refusals, reloads }), outbox, options);
    this.#read = options.read;
    this.#batchesMax = options.batchesMax ?? Number.POSITIVE_INFINITY;
    this.#snapshotId = options.restored?.snapshotId ?? 0;
  }

  static async start<Event, Config, Stage>(
    connector: SourceConnector<Config, Stage>,
    options: DriveSourceOptions<Event>,
  ): Promise<DrivenSource<Event>> {
    const erased = connector as unknown as SourceConnector<unknown, unknown>;
    const source = new DrivenSource(erased, resolvedSource(erased, options), options);
    await source.open();
    return source;
  }

  /** Works until `isEnough` holds or the source has ended. */
  async until(isEnough: () => boolean | Promise<boolean>): Promise<this> {
    this.throwIfFailed();
    while (!this.isDone && !(await isEnough())) this.isDone = await this.turn();
    return this;
  }

  /** Works until so many events have come, or the source has ended. */
  async untilEvents(count: number): Promise<readonly Event[]> {
    await this.until(() => this.events.length >= count);
    return this.events;
  }

  /** Works until the source has ended. */
  run(): Promise<this> {
    return this.until(() => false);
  }

  /** Gives it what it had set aside. */
  async giveBack(record: EventRecord): Promise<void> {
    const batch = batchOfRecords([record], record.receivedMs);
    await this.untilTrue(() => this.processor.process!(0, batch));
  }

  /** Brings the source to a barrier and saves its state. */
  async save(): Promise<SavedSnapshot> {
    this.#snapshotId += 1;
    const snapshotId = this.#snapshotId;
    await this.until(() => this.processor.snapshotReady?.(snapshotId) ?? true);
    return { snapshotId, entries: await this.saveEntries(snapshotId) };
  }

  /** Both phases. */
  async snapshot(): Promise<SavedSnapshot> {
    const saved = await this.save();
    await this.commit(saved.snapshotId);
    return saved;
  }

  #offer(item: Batch | Watermark): boolean {
    if (this.#lastRefused !== undefined && this.#lastRefused !== item)
      throw new Error('a refused item must be offered again first');
    const isMoodyNow = this.isMoody && this.#offers++ % 2 === 0;
    const refuses = this.isFull || this.batches.length >= this.#batchesMax || isMoodyNow;
    this.#lastRefused = refuses ? item : undefined;
    // There is room again at once.
    if (isMoodyNow) this.wake();
    if (refuses) return false;
    if (item.kind === 'watermark') {
      this.watermarks.push(item);
      return true;
    }
    if (!isChangeBatch(item)) throw new Error('a source emits change batches');
    this.batches.push(item);
    this.events.push(...this.#read(item));
    return true;
  }
}
