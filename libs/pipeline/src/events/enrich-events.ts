import type { Refusals } from '@millrace/connector-contract';
import type { Batch, Outbox, Processor, ProcessorContext, ProcessorSupplier } from '@millrace/engine';
import {
  type ChangeBatch,
  type Column,
  isChangeBatch,
  NO_TUPLE,
  Op,
  type TableSchema,
  TupleCursor,
  TupleWriter,
  UNCHANGED_LENGTH,
} from '@millrace/formats';
import { assert, isRecordError, MillraceError } from '@millrace/kernel';
import { attempt } from '@millrace/operators';
import { compileExpression, type Expression, encodeText } from '@millrace/sql';
import { LRUCache } from 'lru-cache';
import { EventReader } from './event-reader.ts';
import { EventScope } from './event-scope.ts';
import { EVENT_BYTES, pickEvents } from './pick-events.ts';
import type { NamedExpression } from './rows-of-events.ts';

/** The new columns of some events, as texts. */
export type Found = readonly (string | null)[];

/** Where the values of new columns come from. */
export interface EventLookup extends AsyncDisposable {
  readonly columns: readonly Column[];
  /** By key (texts): the columns as texts; `undefined`: all of them are NULL; an error: the key is to blame. */
  find(keys: readonly (readonly (string | null)[])[]): Promise<readonly Looked[]>;
  /** Of a table that is held. */
  state?(): { readonly ageMs: number; readonly rows: number };
}

export interface EnrichEventsOptions {
  /** What events are looked up by. */
  readonly keys: readonly NamedExpression[];
  /** Also events with NULL in the key are looked up. Otherwise nothing equals it. */
  readonly takesNull?: boolean | undefined;
  /** Names of the new columns, in the order of the look-up's columns. */
  readonly names: readonly string[];
  readonly open: (signal: AbortSignal, context: ProcessorContext) => Promise<EventLookup>;
  /** Absent: every batch is looked up. */
  readonly cache?: { readonly entries: number; readonly ttlMs: number } | undefined;
  /** Where events go whose look-up fails because of them. Absent: the job fails. */
  readonly refusals?: Refusals | undefined;
  /** `false`: what fails is not repeated, for the look-up has done so. Default `true`: with a new connection. */
  readonly isRepeated?: boolean | undefined;
}

/** What an event gets, or why it gets nothing. */
type Looked = Found | MillraceError | undefined;

/** A look-up that fails is repeated with a new connection, so many times and with pauses that double. */
const RETRIES = 5;
const BACKOFF_MS = 200;
const TIMEOUT_MS = 30_000;

/** The table with the columns of the look-up. */
export function enrichedSchema(schema: TableSchema, names: readonly string[], found: readonly Column[]): TableSchema {
  const added = found.map((column, index) => ({
    ...column,
    name: names[index]!,
    field: schema.fieldCount + index,
    key: false,
    nullable: true,
  }));
  return { ...schema, columns: [...schema.columns, ...added], fieldCount: schema.fieldCount + added.length };
}

/**
 * Adds columns to change events, looked up by key; NULL where there is nothing. One batch after the other, so order,
 * positions and transactions stay. Nothing is saved: a batch is looked up again after a restart, and what goes on is what was found then.
 */
export function enrichEvents(options: EnrichEventsOptions): ProcessorSupplier {
  return () => new EnrichEvents(options);
}

interface Keys {
  readonly expressions: readonly Expression[];
  readonly reader: EventReader;
}

class EnrichEvents implements Processor {
  readonly #options: EnrichEventsOptions;
  readonly #compiled = new WeakMap<TableSchema, Keys>();
  readonly #schemas = new WeakMap<TableSchema, TableSchema>();
  readonly #writer = new TupleWriter();
  readonly #cursor = new TupleCursor();
  #cache: LRUCache<string, { readonly row: Found | undefined }> | undefined;
  #context!: ProcessorContext;
  #outbox!: Outbox;
  #lookup: EventLookup | undefined;
  #columns: readonly Column[] = [];
  /** The batch under way: what was found for each of its events, and its output. */
  #isAsking = false;
  #rows: readonly Looked[] | undefined;
  #output: Batch | undefined;

  constructor(options: EnrichEventsOptions) {
    this.#options = options;
  }

  async init(context: ProcessorContext): Promise<void> {
    this.#context = context;
    this.#outbox = context.outbox;
    const { cache } = this.#options;
    const perf = { now: () => context.clock.monotonicMs() };
    this.#cache = cache && new LRUCache({ max: cache.entries, ttl: cache.ttlMs, perf });
    await this.#connect(context.signal);
  }

  process(_ordinal: number, batch: Batch): boolean {
    assert(isChangeBatch(batch), 'a declarative stage reads change events');
    if (this.#output === undefined) {
      if (this.#rows === undefined) {
        if (!this.#isAsking) this.#ask(batch);
        return false;
      }
      this.#output = this.#finish(batch, this.#rows);
    }
    if (!this.#outbox.offer(this.#output)) return false;
    this.#output = undefined;
    this.#rows = undefined;
    return true;
  }

  async close(): Promise<void> {
    await this.#lookup?.[Symbol.asyncDispose]();
  }

  async #connect(signal: AbortSignal): Promise<EventLookup> {
    this.#lookup = await this.#options.open(signal, this.#context);
    this.#columns = this.#lookup.columns;
    return this.#lookup;
  }

  #ask(batch: ChangeBatch): void {
    this.#isAsking = true;
    this.#find(batch).then(
      (rows) => {
        this.#tellState();
        this.#rows = rows;
        this.#isAsking = false;
        this.#context.wake();
      },
      (error: unknown) => {
        if (!this.#context.signal.aborted) this.#context.fail(error);
      },
    );
  }

  #tellState(): void {
    const state = this.#lookup?.state?.();
    if (state === undefined) return;
    this.#context.metrics.set('tableAgeMs', Math.round(state.ageMs));
    this.#context.metrics.set('tableRows', state.rows);
  }

  /** What there is for each event; keys that the cache does not know are asked for together. */
  async #find(batch: ChangeBatch): Promise<readonly Looked[]> {
    const keys = Array.from({ length: batch.length }, (_, index) => this.#keyOrRefusal(batch, index));
    const known = new Map<string, Looked>();
    const missing = new Map<string, Found>();
    for (const key of keys) {
      if (key === undefined || key instanceof MillraceError) continue;
      const name = JSON.stringify(key);
      const cached = this.#cache?.get(name);
      if (cached === undefined) missing.set(name, key);
      else known.set(name, cached.row);
    }
    if (missing.size > 0) {
      const found = await this.#query([...missing.values()]);
      for (const [index, name] of [...missing.keys()].entries()) {
        const row = found[index];
        known.set(name, row);
        if (!(row instanceof MillraceError)) this.#cache?.set(name, { row });
      }
    }
    return keys.map((key) =>
      key === undefined || key instanceof MillraceError ? key : known.get(JSON.stringify(key)),
    );
  }

  /** The batch with its new columns, without the events that could not be looked up. */
  #finish(batch: ChangeBatch, rows: readonly Looked[]): ChangeBatch {
    const { refusals } = this.#options;
    if (refusals === undefined || !rows.some((row) => row instanceof MillraceError)) {
      return this.#rewrite(batch, rows as readonly (Found | undefined)[]);
    }
    const aside = new Set<number>();
    const rest: number[] = [];
    for (const [index, row] of rows.entries()) {
      if (aside.has(index)) continue;
      const isHeld = refusals.holdsAny && refusals.holds(batch, index);
      if (isHeld) for (const each of refusals.park(batch, index)) aside.add(each);
      else if (row instanceof MillraceError) for (const each of refusals.refuse(batch, index, row)) aside.add(each);
    }
    for (let index = 0; index < batch.length; index++) if (!aside.has(index)) rest.push(index);
    return this.#rewrite(
      pickEvents(batch, rest),
      rest.map((index) => rows[index] as Found | undefined),
    );
  }

  #query(keys: readonly Found[]): Promise<readonly Looked[]> {
    const { clock, signal, vertex } = this.#context;
    if (this.#options.isRepeated === false) return this.#lookup!.find(keys);
    const call = async (own: AbortSignal): Promise<readonly Looked[]> => {
      const lookup = this.#lookup ?? (await this.#connect(own));
      try {
        return await lookup.find(keys);
      } catch (error) {
        this.#lookup = undefined;
        // It is broken already; closing it may fail as well.
        await Promise.allSettled([lookup[Symbol.asyncDispose]()]);
        throw error;
      }
    };
    return attempt(call, {
      clock,
      signal,
      stage: vertex,
      retries: RETRIES,
      backoffMs: BACKOFF_MS,
      timeoutMs: TIMEOUT_MS,
    });
  }

  #keyOrRefusal(batch: ChangeBatch, index: number): Found | MillraceError | undefined {
    try {
      return this.#keyOf(batch, index);
    } catch (error) {
      if (this.#options.refusals === undefined || !isRecordError(error)) throw error;
      return error;
    }
  }

  /** `undefined` where there is no row, or NULL in a key that may have none. */
  #keyOf(batch: ChangeBatch, index: number): Found | undefined {
    if (batch.op[index] === Op.Truncate || batch.after[index] === NO_TUPLE) return undefined;
    const { expressions, reader } = this.#keysOf(batch.schemas[batch.schemaOf[index]!]!);
    reader.load(batch, index);
    const key = expressions.map((each) => encodeText(each.type, each.evaluate(reader.read)));
    return this.#options.takesNull !== true && key.includes(null) ? undefined : key;
  }

  #keysOf(schema: TableSchema): Keys {
    let keys = this.#compiled.get(schema);
    if (keys === undefined) {
      const scope = new EventScope(schema);
      const expressions = this.#options.keys.map(({ text, pointer }) => compileExpression(text, scope, { pointer }));
      keys = { expressions, reader: new EventReader(schema, scope.slots) };
      this.#compiled.set(schema, keys);
    }
    return keys;
  }

  #rewrite(batch: ChangeBatch, rows: readonly (Found | undefined)[]): ChangeBatch {
    const before = new Int32Array(batch.length).fill(NO_TUPLE);
    const after = new Int32Array(batch.length).fill(NO_TUPLE);
    for (let index = 0; index < batch.length; index++) {
      const { fieldCount } = batch.schemas[batch.schemaOf[index]!]!;
      before[index] = this.#tuple(batch, batch.before[index]!, fieldCount, undefined);
      after[index] = this.#tuple(batch, batch.after[index]!, fieldCount, rows[index]);
    }
    const bytes = this.#writer.take();
    const byteLength = bytes.length + batch.length * EVENT_BYTES;
    return {
      ...batch,
      schemas: batch.schemas.map((schema) => this.#schemaOf(schema)),
      bytes,
      byteLength,
      before,
      after,
    };
  }

  #schemaOf(schema: TableSchema): TableSchema {
    const enriched = this.#schemas.get(schema) ?? enrichedSchema(schema, this.#options.names, this.#columns);
    this.#schemas.set(schema, enriched);
    return enriched;
  }

  #tuple(batch: ChangeBatch, offset: number, fieldCount: number, row: Found | undefined): number {
    if (offset === NO_TUPLE) return NO_TUPLE;
    const cursor = this.#cursor;
    const writer = this.#writer;
    cursor.read(batch.bytes, offset);
    const at = writer.begin(fieldCount + this.#columns.length);
    for (let field = 0; field < fieldCount; field++) {
      const length = cursor.lengths[field]!;
      if (length >= 0) writer.addBytes(batch.bytes, cursor.starts[field]!, length);
      else if (length === UNCHANGED_LENGTH) writer.addUnchanged();
      else writer.addNull();
    }
    for (let index = 0; index < this.#columns.length; index++) {
      const text = row?.[index];
      if (text === null || text === undefined) writer.addNull();
      else writer.addText(text);
    }
    return at;
  }
}
