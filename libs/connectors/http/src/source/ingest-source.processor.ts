import type { Resolved } from '@millrace/connector-contract';
import {
  BATCH_ROWS_MAX,
  EVERY_INSTANCE,
  type Processor,
  type ProcessorContext,
  type SnapshotEntry,
  type SnapshotWriter,
} from '@millrace/engine';
import {
  type ChangeBatch,
  type DeclaredRow,
  declaredSchema,
  encodeRows,
  NotAValue,
  type TableSchema,
} from '@millrace/formats';
import { assert, parseDurationMs } from '@millrace/kernel';
import { Callers, idempotencyKeyOf } from './callers.ts';
import type { EndpointConfig, EndpointStage } from './config.ts';
import { Endpoint, type Reply } from './endpoint.ts';
import { KnownKeys } from './known-keys.ts';
import { rowsOf } from './request-rows.ts';

/** Of requests that wait for the job; with more, callers are told to come back. */
export const WAITING_BYTES_MAX = 16 * 1_024 * 1_024;
export const WAITING_MAX = 1_000;
/** Of requests that were handed on and are in no snapshot: more while none comes would be state without a bound. */
export const HANDED_ON_MAX = 10_000;
const RETRY_AFTER_S = 1;
const KEYS_ENTRY = 'keys';

/** A request that was taken. */
interface Taken {
  readonly key: string | undefined;
  readonly bytes: number;
  readonly rows: number;
  /** What is still to be handed on. */
  readonly batches: ChangeBatch[];
  /** The first snapshot that has it; until then it may be lost. */
  snapshotId: number | undefined;
  readonly held: PromiseWithResolvers<void>;
}

type IngestOptions = Resolved<EndpointConfig, EndpointStage>;

const refused = (status: number, message: string): Reply => ({ status, body: { message } });
const comeBack = (message: string): Reply => ({ status: 503, body: { message }, retryAfter: RETRY_AFTER_S });

/**
 * Takes rows by HTTP and hands them on. A caller is answered when the snapshot that holds its request is committed, so what was answered is never lost; what was not is sent again by its
 * caller. The idempotency keys of what was handed on are the state: a request that comes again is answered, and not handed on again.
 */
export class IngestSource implements Processor {
  readonly #options: IngestOptions;
  readonly #schema: TableSchema;
  #context!: ProcessorContext;
  #callers!: Callers;
  #endpoint: Endpoint | undefined;
  #known: KnownKeys;
  /** Taken, and not or not wholly handed on. */
  readonly #waiting: Taken[] = [];
  #waitingBytes = 0;
  /** Handed on, and in no committed snapshot. */
  #handedOn: Taken[] = [];
  /** By key, those of both. */
  readonly #open = new Map<string, Taken>();
  /** A barrier between the parts of a request would keep half of it. */
  #isInside = false;
  #saved: { readonly snapshotId: number; readonly value: Uint8Array } | undefined;

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#schema = declaredSchema(options.stage);
    this.#known = new KnownKeys(options.stage.remember);
  }

  init(context: ProcessorContext): void {
    assert(context.totalParallelism === 1, 'a port has one reader');
    this.#context = context;
    this.#callers = new Callers(this.#options.config);
  }

  restoreSnapshot(entry: SnapshotEntry): void {
    const keys = JSON.parse(new TextDecoder().decode(entry.value)) as readonly string[];
    this.#known = new KnownKeys(this.#options.stage.remember, keys);
  }

  async restoreFinished(): Promise<void> {
    const { config, stage, job } = this.#options;
    this.#endpoint = new Endpoint(config, stage, job, (headers, body) => this.#take(headers, body));
    await this.#endpoint.open();
  }

  complete(): boolean {
    for (let taken = this.#waiting[0]; taken !== undefined; taken = this.#waiting[0]) {
      for (let batch = taken.batches[0]; batch !== undefined; batch = taken.batches[0]) {
        if (!this.#context.outbox.offer(batch)) return false;
        taken.batches.shift();
        this.#isInside = taken.batches.length > 0;
      }
      this.#waiting.shift();
      this.#waitingBytes -= taken.bytes;
      if (taken.key !== undefined) this.#known.add(taken.key);
      this.#context.metrics.add('rowsRead', taken.rows);
      this.#context.metrics.set('requestsWaiting', this.#waiting.length);
      if (this.#context.guarantee === 'none') this.#settle(taken);
      else this.#handedOn.push(taken);
    }
    return false;
  }

  snapshotReady(): boolean {
    return !this.#isInside;
  }

  saveSnapshot(snapshotId: number, writer: SnapshotWriter): boolean {
    if (this.#saved?.snapshotId !== snapshotId) {
      for (const taken of this.#handedOn) taken.snapshotId ??= snapshotId;
      this.#saved = { snapshotId, value: new TextEncoder().encode(JSON.stringify(this.#known.list())) };
    }
    return writer.offer({ partition: EVERY_INSTANCE, key: KEYS_ENTRY, value: this.#saved.value });
  }

  snapshotCommit(snapshotId: number): void {
    const isHeld = (taken: Taken): boolean => taken.snapshotId !== undefined && taken.snapshotId <= snapshotId;
    for (const taken of this.#handedOn) if (isHeld(taken)) this.#settle(taken);
    this.#handedOn = this.#handedOn.filter((taken) => !isHeld(taken));
  }

  async close(): Promise<void> {
    await this.#endpoint?.close();
  }

  #settle(taken: Taken): void {
    if (taken.key !== undefined) this.#open.delete(taken.key);
    taken.held.resolve();
  }

  async #take(headers: Parameters<typeof idempotencyKeyOf>[0], body: Buffer): Promise<Reply> {
    const { clock, metrics } = this.#context;
    if (!this.#callers.mayCall(headers, body, clock.nowMs()))
      return refused(401, 'token or signature is missing or wrong');
    const key = idempotencyKeyOf(headers);
    if (key === null) return refused(400, 'an idempotency key is 1 to 255 printable characters');
    const open = key === undefined ? undefined : this.#open.get(key);
    if (open !== undefined) return this.#answer(open);
    if (key !== undefined && this.#known.has(key)) {
      metrics.add('requestsRepeated', 1);
      return { status: 200, body: { rows: 0, repeated: true } };
    }
    if (this.#waiting.length >= WAITING_MAX || this.#waitingBytes >= WAITING_BYTES_MAX) {
      metrics.add('requestsPutOff', 1);
      return comeBack('the job is behind: send it again later');
    }
    if (this.#handedOn.length >= HANDED_ON_MAX) {
      metrics.add('requestsPutOff', 1);
      return comeBack('no snapshot holds what was sent before: send it again later');
    }
    let rows: readonly DeclaredRow[];
    try {
      rows = rowsOf(this.#schema.columns, body, headers['content-type'] ?? '');
    } catch (error) {
      if (!(error instanceof NotAValue)) throw error;
      metrics.add('requestsRefused', 1);
      return refused(422, error.message);
    }
    return this.#answer(this.#enqueue(key, rows, body.length));
  }

  #enqueue(key: string | undefined, rows: readonly DeclaredRow[], bytes: number): Taken {
    const { clock, metrics } = this.#context;
    const batches: ChangeBatch[] = [];
    for (let at = 0; at < rows.length; at += BATCH_ROWS_MAX)
      batches.push(encodeRows(this.#schema, rows.slice(at, at + BATCH_ROWS_MAX), { receivedMs: clock.nowMs() }));
    const held = Promise.withResolvers<void>();
    const taken: Taken = { key, bytes, rows: rows.length, batches, snapshotId: undefined, held };
    this.#waiting.push(taken);
    this.#waitingBytes += bytes;
    if (key !== undefined) this.#open.set(key, taken);
    metrics.add('requestsTaken', 1);
    metrics.set('requestsWaiting', this.#waiting.length);
    this.#context.wake();
    return taken;
  }

  async #answer({ held, rows }: Taken): Promise<Reply> {
    if (this.#options.stage.answer === 'at-once') return { status: 202, body: { rows } };
    const { clock, signal } = this.#context;
    const over = new AbortController();
    const tooLate = (): Reply => comeBack('no snapshot holds it yet: send it again under the same idempotency key');
    const late = clock
      .sleep(parseDurationMs(this.#options.stage.wait)!, AbortSignal.any([signal, over.signal]))
      .then(tooLate, tooLate);
    const done = held.promise.then((): Reply => ({ status: 200, body: { rows } }));
    try {
      return await Promise.race([done, late]);
    } finally {
      over.abort();
    }
  }
}
