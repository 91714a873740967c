import type { Resolved } from '@millrace/connector-contract';
import {
  type Batch,
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  type SnapshotEntry,
  type SnapshotWriter,
} from '@millrace/engine';
import { ByteOutput, type ChangeBatch, isChangeBatch, RowJsonWriter } from '@millrace/formats';
import { assert } from '@millrace/kernel';
import type { Redis } from 'ioredis';
import { connect } from './client.ts';
import type { Connection, SinkStage } from './config.ts';
import { type WaitingList, WaitingRows } from './waiting-rows.ts';

/** Rows of one script: it takes the server about a millisecond. */
const PUSH_ROWS_MAX = 500;
/** Rows of one list: showing them is one script as well. */
const LIST_ROWS_MAX = 5_000;
const USUAL_ROW_BYTES = 512;

/** What the saved state of one writer says. */
interface SavedWriter {
  readonly writer: number;
  readonly lists: readonly WaitingList[];
}

// #region sink
/** Rows go to lists that nobody reads, and to the stream when the snapshot that covers them is committed. */
export class StreamSink implements Processor {
  readonly #options: Resolved<Connection, SinkStage>;
  readonly #output = new ByteOutput(USUAL_ROW_BYTES);
  readonly #json = new RowJsonWriter(this.#output);
  #context!: ProcessorContext;
  #redis: Redis | undefined;
  #rows!: WaitingRows;
  #restored: SavedWriter[] = [];
  /** Written since the last snapshot. */
  #open: WaitingList[] = [];
  #openRows = 0;
  #sequence = 0;
  /** Prepared, and not yet committed. */
  #prepared: { readonly snapshotId: number; readonly list: WaitingList }[] = [];
  /** Rows on their way to the server. Until they are there nothing else is taken. */
  #sending: Promise<void> | undefined;

  constructor(options: Resolved<Connection, SinkStage>) {
    this.#options = options;
  }

  async init(context: ProcessorContext): Promise<void> {
    this.#context = context;
    this.#redis = await connect(this.#options.config);
    this.#rows = new WaitingRows(this.#redis, this.#options.job, context.generation);
    await this.#rows.claim();
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#restored.push(JSON.parse(new TextDecoder().decode(entry.value)) as SavedWriter);
  }

  /** Commits what the snapshot had prepared, again if need be, and removes what is newer. */
  async restoreFinished(): Promise<void> {
    const { totalParallelism, globalIndex } = this.#context;
    // Another number of instances may have saved: each writer has one that looks after it.
    const isMine = (writer: number): boolean => writer % totalParallelism === globalIndex;
    for (const { writer, lists } of this.#restored) if (isMine(writer)) await this.#show(lists);
    await this.#rows.sweep(isMine);
  }

  process(_ordinal: number, batch: Batch): boolean {
    if (this.#sending !== undefined) return false;
    assert(isChangeBatch(batch), 'a sink takes change batches');
    this.#send(batch);
    return true;
  }

  /** Everything before the barrier is at the server, out of sight. */
  snapshotPrepare(snapshotId: number): boolean {
    if (this.#sending !== undefined) return false;
    this.#prepared.push(...this.#open.map((list) => ({ snapshotId, list })));
    this.#open = [];
    return true;
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    const { globalIndex } = this.#context;
    const saved: SavedWriter = { writer: globalIndex, lists: this.#prepared.map(({ list }) => list) };
    const value = new TextEncoder().encode(JSON.stringify(saved));
    return writer.offer({ partition: EVERY_INSTANCE, key: `writer-${globalIndex}`, value });
  }

  async snapshotCommit(snapshotId: number): Promise<void> {
    const due = this.#prepared.filter((prepared) => prepared.snapshotId <= snapshotId);
    await this.#show(due.map(({ list }) => list));
    this.#prepared = this.#prepared.filter((prepared) => prepared.snapshotId > snapshotId);
  }

  /** Bounded input ends with a snapshot that shows the rest. */
  complete(): boolean {
    return this.#sending === undefined;
  }

  close(): void {
    this.#redis?.disconnect();
  }
  // #endregion sink

  async #show(lists: readonly WaitingList[]): Promise<void> {
    for (const list of lists) await this.#rows.show(list, this.#options.stage.stream);
  }

  #send(batch: ChangeBatch): void {
    const texts = this.#textsOf(batch);
    this.#sending = (async () => {
      for (let at = 0; at < texts.length; at += PUSH_ROWS_MAX) {
        const part = texts.slice(at, at + PUSH_ROWS_MAX);
        await this.#rows.push(this.#listFor(part.length), part.flat());
      }
      // Without snapshots nothing else would ever show them.
      if (this.#context.guarantee === 'none') await this.#show(this.#open.splice(0));
      this.#context.metrics.add('rowsWritten', texts.length);
    })().then(
      () => {
        this.#sending = undefined;
        this.#context.wake();
      },
      (error: unknown) => this.#context.fail(error),
    );
  }

  #listFor(rows: number): WaitingList {
    const last = this.#open.at(-1);
    if (last !== undefined && this.#openRows + rows <= LIST_ROWS_MAX) {
      this.#openRows += rows;
      return last;
    }
    this.#sequence += 1;
    this.#openRows = rows;
    const { generation, globalIndex: writer } = this.#context;
    const list = { generation, writer, sequence: this.#sequence };
    this.#open.push(list);
    return list;
  }

  /** Table, kind of change and row of each event. */
  #textsOf(batch: ChangeBatch): (readonly string[])[] {
    return Array.from({ length: batch.length }, (_, index) => {
      this.#json.row(batch, index);
      const row = Buffer.from(this.#output.take()).toString('utf8');
      return [batch.schemas[batch.schemaOf[index]!]!.id, String.fromCharCode(batch.op[index]!), row];
    });
  }
}
