import type { Refusals, Resolved } from '@millrace/connector-contract';
import {
  BATCH_ROWS_MAX,
  type Batch,
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  type SnapshotEntry,
  type SnapshotWriter,
} from '@millrace/engine';
import { type ChangeBatch, declaredSchema, encodeRows, isChangeBatch } from '@millrace/formats';
import { assert, MillraceError, parseDurationMs } from '@millrace/kernel';
import { protocolCode } from '../cluster/client-error.ts';
import type { Broker, Cluster } from '../cluster/cluster.ts';
import { clientIdOf, clusterOf } from '../cluster/connect.ts';
import { Transient } from '../cluster/retry.ts';
import type { ClusterConfig } from '../config.ts';
import { PositionLost } from '../errors.ts';
import { hasEnvelope } from '../message/format-options.ts';
import { Code } from '../protocol/codes.ts';
import { committedRecords, offsetAfter, type PlacedRecord } from '../read/committed-records.ts';
import { type FetchedPartition, fetchFrom } from '../read/fetch.ts';
import { Edge } from '../read/offsets.ts';
import { registryOf } from '../registry/registry-of.ts';
import { type GroupOffset, GroupOffsets } from './group-offsets.ts';
import { MessageRows } from './message-rows.ts';
import { Partitions, partitionName, placeOf, type ReadPartition } from './partitions.ts';
import { readersOf } from './reading/readers-of.ts';
import type { SourceStage } from './source-stage.ts';
import { type ReadAgain, type UnreadMessage, UnreadMessages } from './unread-messages.ts';

/** Batches read ahead of what the outbox takes; more wait at the brokers. */
const AHEAD_MAX = 8;
const LIMITS = { bytesMax: 4 * 1_024 * 1_024, partitionBytesMax: 1_024 * 1_024, waitMs: 250 };
/** How long closing waits for the consumer group to be told. */
const TELL_MS_MAX = 1_000;
/** Partitions of an instance whose lag is a figure of its own; more are only in the sum. */
const MEASURED_MAX = 100;
/** How long the brokers may be away before the job fails (and is started again later). */
const PATIENCE_MS = 60_000;

/** What is handed on at once, and where that leaves its partition. */
interface Piece {
  readonly name: string;
  readonly batch: ChangeBatch | undefined;
  readonly offset: bigint;
  /** Messages on the way to there that could not be read. */
  readonly unread?: readonly UnreadMessage[] | undefined;
}

/** Messages that came back, and what they are once they are read. */
interface Again {
  readonly given: Batch;
  made?: ReadAgain;
}

type KafkaSourceOptions = Resolved<ClusterConfig, SourceStage> & { readonly refusals?: Refusals | undefined };

/**
 * Reads the committed messages of topics and hands their rows on. A task reads ahead; the saved positions are those of what was handed on. Partitions are spread over the
 * instances of the vertex; no consumer group takes part, so no other member of one can move a position.
 */
export class KafkaSourceProcessor implements Processor {
  readonly #options: KafkaSourceOptions;
  /** Absent: the first message that cannot be read is an error. */
  readonly #unread: UnreadMessages | undefined;
  /** Messages that came back and are read again. */
  #again: Again | undefined;
  readonly #closing = new AbortController();
  /** Of all partitions, those of other instances too. */
  readonly #restored = new Map<string, bigint>();
  readonly #handedOn = new Map<string, bigint>();
  readonly #ahead: Piece[] = [];
  #context!: ProcessorContext;
  #rows!: MessageRows;
  #cluster: Cluster | undefined;
  #partitions!: Partitions;
  #reading: Promise<void> | undefined;
  #hasRoom: (() => void) | undefined;
  #isAtEnd = false;
  /** Partitions with a figure of their own. */
  readonly #measured = new Set<string>();
  #mine: ReadPartition[] = [];
  #group: GroupOffsets | undefined;
  /** Positions of snapshots that are saved and not yet committed. */
  readonly #savedOffsets = new Map<number, readonly GroupOffset[]>();
  /** Of the snapshot that is being saved: what the writer has taken. */
  readonly #saved = new Set<string>();

  constructor(options: KafkaSourceOptions) {
    const { job, refusals } = options;
    this.#options = options;
    this.#unread = refusals && new UnreadMessages(job.stage, refusals);
  }

  init(context: ProcessorContext): void {
    const { config, stage, job } = this.#options;
    this.#context = context;
    const signal = AbortSignal.any([context.signal, this.#closing.signal]);
    const outside = { clock: context.clock, signal, patienceMs: PATIENCE_MS };
    this.#cluster = clusterOf(config, { ...outside, clientId: clientIdOf(job) });
    const schema = declaredSchema(stage);
    const readers = readersOf(stage, schema, () => registryOf(config, outside));
    this.#rows = new MessageRows(schema, readers, hasEnvelope(stage.format));
    this.#group = new GroupOffsets(this.#cluster, stage.group ?? `millrace.${job.jobId}.${job.stage}`, context.metrics);
    const share = { index: context.globalIndex, count: context.totalParallelism };
    this.#partitions = new Partitions(this.#cluster, stage.topics, share);
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    this.#restored.set(entry.key, BigInt(new TextDecoder().decode(entry.value)));
  }

  /** Where it begins is known, and part of the first snapshot, before anything is read. */
  async restoreFinished(): Promise<void> {
    const { from } = this.#options.stage;
    const isFirstStart = this.#context.restoredSnapshotId === undefined;
    // A partition that a restored job does not know came after it had begun.
    await this.#discover(isFirstStart && from === 'latest' ? Edge.Latest : Edge.Earliest);
    this.#restored.clear();
  }

  complete(): boolean {
    this.#reading ??= this.#read().catch((error: unknown) => {
      if (!this.#closing.signal.aborted) this.#context.fail(error);
    });
    for (let piece = this.#ahead[0]; piece !== undefined; piece = this.#ahead[0]) {
      if (piece.batch !== undefined && !this.#context.outbox.offer(piece.batch)) return false;
      this.#ahead.shift();
      this.#handedOn.set(piece.name, piece.offset);
      // With the position: one snapshot has both.
      for (const each of piece.unread ?? []) this.#unread!.refuse(each, this.#context.clock.nowMs());
      this.#context.metrics.add('rowsRead', piece.batch?.length ?? 0);
      this.#hasRoom?.();
    }
    return this.#isAtEnd;
  }

  /** Messages that could not be read come back, perhaps edited. */
  process(_ordinal: number, batch: Batch): boolean {
    assert(isChangeBatch(batch) && this.#unread !== undefined, 'a source is given nothing but what it has set aside');
    if (this.#again?.given !== batch) this.#again = this.#readAgain(this.#unread, batch);
    const { made } = this.#again;
    if (made === undefined) return false;
    if (made.batch !== undefined && !this.#context.outbox.offer(made.batch)) return false;
    this.#unread.refuseAgain(batch, made);
    this.#again = undefined;
    return true;
  }

  saveSnapshot(snapshotId: number, writer: SnapshotWriter): boolean {
    const encoder = new TextEncoder();
    for (const [key, offset] of this.#handedOn) {
      if (this.#saved.has(key)) continue;
      if (!writer.offer({ partition: EVERY_INSTANCE, key, value: encoder.encode(String(offset)) })) return false;
      this.#saved.add(key);
    }
    this.#saved.clear();
    this.#savedOffsets.set(
      snapshotId,
      Array.from(this.#handedOn, ([name, offset]) => ({ ...placeOf(name), offset })),
    );
    return true;
  }

  snapshotCommit(snapshotId: number): void {
    const offsets = this.#savedOffsets.get(snapshotId);
    for (const saved of this.#savedOffsets.keys()) if (saved <= snapshotId) this.#savedOffsets.delete(saved);
    if (offsets !== undefined) this.#group!.commit(offsets);
  }

  async close(): Promise<void> {
    // What the last snapshot holds is told yet, if brokers answer.
    if (this.#group !== undefined) {
      await Promise.race([
        this.#group.idle(),
        this.#context.clock.sleep(TELL_MS_MAX, this.#closing.signal).catch(() => {}),
      ]);
    }
    this.#closing.abort(new Error('the source is closed'));
    this.#hasRoom?.();
    await this.#cluster?.close();
    await this.#reading;
    await this.#group?.idle();
  }

  #readAgain(unread: UnreadMessages, batch: ChangeBatch): Again {
    const again: Again = { given: batch };
    unread.readAgain(batch, this.#rows, this.#context.clock.nowMs()).then(
      (made) => {
        again.made = made;
        this.#context.wake();
      },
      (error: unknown) => {
        if (!this.#closing.signal.aborted) this.#context.fail(error);
      },
    );
    return again;
  }

  async #discover(edge: bigint): Promise<void> {
    const found = await this.#partitions.discover(this.#restored, edge, !this.#options.stage.follow);
    const nothing = encodeRows(declaredSchema(this.#options.stage), [], { receivedMs: this.#context.clock.nowMs() });
    for (const { topic, partition, offset } of found) {
      const name = partitionName(topic, partition);
      this.#handedOn.set(name, offset);
      // Windows wait for a partition from the beginning, not from its first message.
      this.#ahead.push({ name, batch: { ...nothing, stream: name }, offset });
    }
    this.#mine.push(...found);
  }

  async #read(): Promise<void> {
    const { clock } = this.#context;
    const { follow, discover } = this.#options.stage;
    let discoverAtMs = clock.monotonicMs() + parseDurationMs(discover)!;
    for (;;) {
      this.#mine = this.#mine.filter(({ offset, end }) => end === undefined || offset < end);
      if (this.#mine.length === 0 && !follow) break;
      if (this.#mine.length === 0) await clock.sleep(LIMITS.waitMs, this.#closing.signal);
      else await this.#cluster!.persist('read', () => this.#round());
      if (!follow || clock.monotonicMs() < discoverAtMs) continue;
      await this.#discover(Edge.Earliest);
      discoverAtMs = clock.monotonicMs() + parseDurationMs(discover)!;
    }
    this.#isAtEnd = true;
    this.#context.wake();
  }

  /** One fetch from every leader. */
  async #round(): Promise<void> {
    // Another partition first each time: the answer is cut off when it is large.
    this.#mine.push(...this.#mine.splice(0, 1));
    const byLeader = new Map<string, { readonly leader: Broker; readonly partitions: ReadPartition[] }>();
    for (const each of this.#mine) {
      const leader = await this.#cluster!.leaderOf(each.topic, each.partition);
      const name = `${leader.host}:${leader.port}`;
      const group = byLeader.get(name) ?? { leader, partitions: [] };
      group.partitions.push(each);
      byLeader.set(name, group);
    }
    const answers = await Promise.all(
      [...byLeader.values()].map(async ({ leader, partitions }) => ({
        partitions,
        found: await fetchFrom(this.#cluster!, leader, partitions, LIMITS).catch((error: unknown) => {
          throw protocolCode(error) === Code.OffsetOutOfRange ? this.#positionLost(partitions, error) : error;
        }),
      })),
    );
    let behind = 0;
    for (const { partitions, found } of answers) {
      for (const [index, each] of partitions.entries()) {
        const answer = found[index];
        if (answer === undefined) continue;
        if (answer.errorCode !== Code.None) throw new Transient(answer.errorCode);
        await this.#take(each, answer);
        const isBehind = Math.max(0, Number(answer.lastStableOffset - each.offset));
        behind += isBehind;
        this.#measure(each, isBehind);
      }
    }
    this.#context.metrics.set('messagesBehind', behind);
  }

  #measure({ topic, partition }: ReadPartition, isBehind: number): void {
    const name = partitionName(topic, partition);
    if (this.#measured.size >= MEASURED_MAX && !this.#measured.has(name)) return;
    this.#measured.add(name);
    this.#context.metrics.set(`messagesBehind ${name}`, isBehind);
  }

  async #take(each: ReadPartition, answer: FetchedPartition): Promise<void> {
    const { topic, partition } = each;
    const batches = answer.records ?? [];
    const next = offsetAfter(batches, each.offset);
    if (next === each.offset) return;
    const records = [...committedRecords(batches, answer.abortedTransactions ?? [], each.offset)].filter(
      ({ offset }) => each.end === undefined || offset < each.end,
    );
    const name = partitionName(topic, partition);
    await this.#rows.prepare(topic, records);
    for (let at = 0; at < records.length; at += BATCH_ROWS_MAX) {
      const part = records.slice(at, at + BATCH_ROWS_MAX);
      const unread: UnreadMessage[] = [];
      const refused = (placed: PlacedRecord, error: MillraceError): void => {
        unread.push({ topic, partition, placed, error });
      };
      const nowMs = this.#context.clock.nowMs();
      const batch = this.#rows.batch(topic, partition, part, nowMs, this.#unread && refused);
      await this.#hold({ name, batch: { ...batch, stream: name }, offset: part.at(-1)!.offset + 1n, unread });
    }
    // Past markers and what was aborted.
    await this.#hold({ name, batch: undefined, offset: next });
    each.offset = next;
  }

  #positionLost(partitions: readonly ReadPartition[], cause: unknown): MillraceError {
    const places = partitions.map(({ topic, partition, offset }) => `${offset} of ${topic}/${partition}`).join(', ');
    const info = {
      message: `the brokers no longer have the messages that come next; this job reads on at ${places}, at least one of which is gone`,
      mend: 'Retention was shorter than the job was down, or the topic was made anew. Start the job anew (from: earliest reads what is left), and raise retention.ms.',
      details: {
        partitions: partitions.map(({ topic, partition, offset }) => ({ topic, partition, offset: String(offset) })),
      },
    };
    return new MillraceError(PositionLost, info, { cause });
  }

  /** Keeps a piece until it is handed on; resolves when there is room for another. */
  async #hold(piece: Piece): Promise<void> {
    this.#ahead.push(piece);
    this.#context.wake();
    while (this.#ahead.length >= AHEAD_MAX) {
      this.#closing.signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        this.#hasRoom = resolve;
      });
    }
  }
}
