import { LeftOut, type Refusals, type Resolved } from '@millrace/connector-contract';
import {
  type Batch,
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  SHOWN_AFTER,
  type SnapshotEntry,
  type SnapshotWriter,
} from '@millrace/engine';
import { type ChangeBatch, CommitTimes, isChangeBatch, type Position } from '@millrace/formats';
import { assert } from '@millrace/kernel';
import type { Redis } from 'ioredis';
import { type ConnectionOptions, isKeyed, type SinkStage } from '../config.ts';
import { connect } from '../server/connect.ts';
import { sinkKeys } from './keys.ts';
import { type Piece, Pieces } from './pieces.ts';
import { checkOrder, isAfter, parsePosition, positionOf, positionText } from './positions.ts';
import { RowWriter } from './rows/row-writer.ts';
import { type StagedList, Target } from './target.ts';

/** Scripts on their way. The server runs them one after the other; with several it never waits for us. */
const SCRIPTS_UNDER_WAY_MAX = 4;

type RedisSinkOptions = Resolved<ConnectionOptions, SinkStage> & { readonly refusals?: Refusals | undefined };

interface Saved {
  readonly applied: number;
  readonly moved: number;
  readonly lists: readonly StagedList[];
}

/**
 * Writes change events within milliseconds, exactly once: the script that applies a batch also writes its position, and what that covers is skipped after a
 * restart. In types that append, events without a position of their own (rows of a running initial load, of files) are put aside, together with
 * what follows them, and shown when the snapshot that covers them is committed; in the others they are written at once, for a row takes its own place again.
 */
export class RedisSink implements Processor {
  readonly #options: RedisSinkOptions;
  readonly #writer: RowWriter;
  readonly #leftOut: LeftOut;
  readonly #pieces = new Pieces();
  readonly #commitTimes = new CommitTimes();
  #context!: ProcessorContext;
  #redis: Redis | undefined;
  #target!: Target;
  #stages = false;
  /** Up to where the server had everything when this execution began. */
  #held: Position | undefined;
  /** Of the newest event that was taken. */
  #newest: Position | undefined;
  #moved = 0;
  #nextList = 1;
  #open: StagedList | undefined;
  #prepared: { readonly snapshotId: number; readonly list: StagedList }[] = [];
  #restored: Saved | undefined;
  #underWay = 0;
  #isPreparing = false;
  /** Everything before the barrier with this number is on disk. */
  #durable: number | undefined;
  #hasFailed = false;

  constructor(options: RedisSinkOptions) {
    const { stage, job, refusals } = options;
    this.#options = options;
    this.#writer = new RowWriter(stage, job.jobName);
    this.#leftOut = new LeftOut({ refusals, refusal: (batch, index) => this.#writer.refusal(batch, index) });
  }

  async init(context: ProcessorContext): Promise<void> {
    assert(context.totalParallelism === 1, 'one writer, so that positions have an order');
    const { config, stage, job } = this.#options;
    this.#context = context;
    const hasOrder = isKeyed(stage.type);
    this.#stages = !hasOrder && stage.type !== 'publish' && context.guarantee !== 'none';
    this.#redis = await connect(config, { key: sinkKeys(job, stage).meta });
    this.#target = new Target(this.#redis, job, stage, context.generation);
    const held = await this.#target.claim(hasOrder && context.restoredSnapshotId === undefined);
    this.#moved = held.moved;
    this.#nextList = held.moved + 1;
    this.#held = held.position === '' ? undefined : parsePosition(held.position);
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#restored = JSON.parse(new TextDecoder().decode(entry.value)) as Saved;
  }

  /** Shows what the snapshot had put aside, and removes what is newer. */
  async restoreFinished(): Promise<void> {
    const saved = this.#restored;
    this.#restored = undefined;
    if (saved !== undefined && (this.#target.applied < saved.applied || this.#moved < saved.moved))
      throw this.#target.lost('the server has less than the snapshot says');
    for (const list of saved?.lists ?? []) {
      await this.#show(list);
      const position = list.position === '' ? undefined : parsePosition(list.position);
      if (position !== undefined && isAfter(position, this.#held)) this.#held = position;
    }
    await this.#target.sweep();
  }

  process(_ordinal: number, batch: Batch): boolean {
    assert(isChangeBatch(batch), 'a sink takes change batches');
    if (this.#hasFailed || this.#pieces.isFull) return false;
    this.#commitTimes.add(batch);
    // Of all events, those too that are passed over as written: what was left out then is set aside again, for no snapshot may have its letter.
    this.#leftOut.look(batch);
    for (let index = 0; index < batch.length; index++) this.#take(batch, index);
    this.#leftOut.finish();
    this.#send();
    return true;
  }

  /** Everything taken is at the server, and on its disk. */
  snapshotPrepare(snapshotId: number): boolean {
    if (!this.#isIdle()) return false;
    if (this.#durable === snapshotId) return true;
    if (!this.#isPreparing) {
      this.#isPreparing = true;
      const done = this.#target.durable().then(() => {
        this.#durable = snapshotId;
        if (this.#open !== undefined) this.#prepared.push({ snapshotId, list: this.#open });
        this.#open = undefined;
      });
      this.#settle(done, () => {
        this.#isPreparing = false;
      });
    }
    return false;
  }

  saveSnapshot(_snapshotId: number, writer: SnapshotWriter): boolean {
    const saved: Saved = {
      applied: this.#target.applied,
      moved: this.#moved,
      lists: this.#prepared.map(({ list }) => list),
    };
    const value = new TextEncoder().encode(JSON.stringify(saved));
    return writer.offer({ partition: EVERY_INSTANCE, key: 'redis', value });
  }

  async snapshotCommit(snapshotId: number): Promise<void> {
    for (const prepared of this.#prepared.filter((each) => each.snapshotId <= snapshotId)) {
      await this.#show(prepared.list);
      this.#prepared = this.#prepared.filter((each) => each !== prepared);
    }
  }

  complete(): boolean {
    return this.#isIdle();
  }

  close(): void {
    this.#hasFailed = true;
    this.#redis?.disconnect();
  }

  #take(batch: ChangeBatch, index: number): void {
    const position = positionOf(batch, index);
    if (position !== undefined) {
      checkOrder(position, this.#newest);
      this.#newest = position;
      if (!isAfter(position, this.#held)) {
        this.#context.metrics.add('skippedEvents', 1);
        return;
      }
    }
    if (this.#leftOut.has(index)) return;
    // Behind what waits for a snapshot everything does, or changes of a row would overtake each other.
    const isStaged = this.#stages && (position === undefined || this.#open !== undefined || this.#prepared.length > 0);
    this.#pieces.add(position, isStaged, (commands) => this.#writer.write(batch, index, commands));
  }

  async #show(list: StagedList): Promise<void> {
    await this.#target.move(list);
    this.#moved = Math.max(this.#moved, list.number);
    this.#nextList = Math.max(this.#nextList, list.number + 1);
  }

  /** Everything taken is applied. */
  #isIdle(): boolean {
    if (this.#hasFailed) return false;
    this.#send();
    return this.#underWay === 0 && this.#pieces.isEmpty;
  }

  #send(): void {
    while (!this.#hasFailed && this.#underWay < SCRIPTS_UNDER_WAY_MAX) {
      const piece = this.#pieces.take();
      if (piece === undefined) return;
      this.#underWay += 1;
      this.#settle(this.#write(piece), () => {
        this.#underWay -= 1;
        this.#send();
      });
    }
  }

  #write(piece: Piece): Promise<void> {
    const { metrics, clock } = this.#context;
    const position = piece.position === undefined ? '' : positionText(piece.position);
    const written = piece.isStaged ? this.#stage(piece, position) : this.#target.apply(piece.commands, position);
    return written.then(() => {
      metrics.add('rowsWritten', piece.events);
      if (!this.#pieces.isEmpty) return;
      const nowMs = clock.nowMs();
      for (const time of this.#commitTimes.take()) metrics.observe(SHOWN_AFTER, Math.max(0, nowMs - time));
    });
  }

  #stage({ commands }: Piece, position: string): Promise<void> {
    const { generation } = this.#context;
    const open = this.#open ?? { number: this.#nextList++, generation, length: 0, position: '', keys: [] };
    this.#open = {
      ...open,
      length: open.length + commands.list.length,
      position: position === '' ? open.position : position,
      keys: [...new Set([...open.keys, ...commands.keys])],
    };
    return this.#target.stage(open, commands);
  }

  #settle(work: Promise<void>, then: () => void): void {
    work.then(
      () => {
        then();
        this.#context.wake();
      },
      (error: unknown) => {
        if (this.#hasFailed) return;
        this.#hasFailed = true;
        this.#context.fail(error);
      },
    );
  }
}
