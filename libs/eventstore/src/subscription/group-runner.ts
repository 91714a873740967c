import { type ConnectionOptions, openSession } from '@millrace/connector-postgres/log';
import { type Lsn, lsn } from '@millrace/formats';
import { type Clock, systemClock } from '@millrace/kernel';
import type pg from 'pg';
import { GroupSlot } from '../log/group-slot.ts';
import { takeSnapshot } from '../log/handover.ts';
import { LogReader } from '../log/log-reader.ts';
import { type ConsumerRow, NO_LSN } from '../log/progress.ts';
import type { Handover } from '../projections/builds.ts';
import { publicationName } from '../schema/migrate.ts';
import { checkName } from '../schema/names.ts';
import type { EventStore } from '../store/event-store.ts';
import type { ExecutorPool } from '../store/executor.ts';
import { connectionOf } from './connection.ts';
import type { Consumer } from './consumer.ts';
import { ConsumerLoop } from './consumer-loop.ts';
import { onPoke } from './pokes.ts';

/** How often those who stand by look whether the leader is gone. */
const STANDBY_PAUSE_MS = 200;
/** Pauses before a group is begun again after a failure. */
const RETRY_PAUSE_MS_MIN = 50;
const RETRY_PAUSE_MS_MAX = 5_000;

export interface GroupOptions {
  /** Where a group's members meet: one of them reads, the others stand by. */
  readonly group: string;
  readonly store: EventStore;
  readonly pool: ExecutorPool;
  /** `postgres://…` of a role with LOGIN and REPLICATION, for the log; `sslmode` as libpq has it. */
  readonly url: string;
  readonly clock?: Clock | undefined;
  /** Told of each failure before it is tried again. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** What a leader has at hand when it asks for the group's consumers. */
export interface Lead {
  /** Parts history from log for a consumer that begins now. */
  readonly handover: () => Promise<Handover>;
  readonly signal: AbortSignal;
}

/** What a group is made of. */
export interface GroupPlan {
  /** Everything that holds the group's log, whether it runs here or not. */
  rows(): Promise<readonly ConsumerRow[]>;
  /** Registers what is new and resolves with what is to run. */
  open(lead: Lead): Promise<readonly Consumer[]>;
  /** After each step of a consumer's progress. Resolves with a consumer that is over, if any. */
  progressed?(consumer: Consumer): Promise<Consumer | undefined>;
}

/** Why a leader begins anew without anything having failed. */
const BEGIN_ANEW = Symbol('begin anew');

/** Leads a group or stands by for it, until it is closed; whatever fails is tried again with growing pauses. */
export class GroupRunner implements AsyncDisposable {
  readonly group: string;
  readonly #options: GroupOptions;
  readonly #plan: GroupPlan;
  readonly #clock: Clock;
  readonly #connection: ConnectionOptions;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #isLeading = false;

  /** @throws MillraceError `eventstore.definition_invalid` */
  constructor(options: GroupOptions, plan: GroupPlan) {
    this.group = checkName('group', options.group);
    this.#options = options;
    this.#plan = plan;
    this.#clock = options.clock ?? systemClock;
    this.#connection = connectionOf(options.url);
    this.#running = this.#run(this.#closing.signal);
  }

  /** This one reads the group's log; otherwise it stands by. */
  get isLeading(): boolean {
    return this.#isLeading;
  }

  /** Ends after the transactions under way; another member goes on. Safe to call twice. */
  async close(): Promise<void> {
    this.#closing.abort(BEGIN_ANEW);
    await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(signal: AbortSignal): Promise<void> {
    let pauseMs = RETRY_PAUSE_MS_MIN;
    while (!signal.aborted) {
      const startMs = this.#clock.monotonicMs();
      try {
        await this.#member(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#options.onError?.(error);
        if (this.#clock.monotonicMs() - startMs > RETRY_PAUSE_MS_MAX) pauseMs = RETRY_PAUSE_MS_MIN;
        await this.#clock.sleep(pauseMs, signal).catch(() => {});
        pauseMs = Math.min(pauseMs * 2, RETRY_PAUSE_MS_MAX);
      }
    }
  }

  /** With a session that will hold the lock: stands by, leads, begins anew as often as it is told to. */
  async #member(closing: AbortSignal): Promise<void> {
    const { store } = this.#options;
    const round: { abort: (reason: unknown) => void; flush: () => void } = { abort() {}, flush() {} };
    const session = await openSession(this.#connection, { applicationName: `millrace events ${this.group}` }, closing);
    try {
      session.once('end', () => round.abort(new Error('the session of the leader ended')));
      await onPoke(session, store.schema, this.group, (what) => {
        if (what === 'restart') round.abort(BEGIN_ANEW);
        else round.flush();
      });
      const slot = { session, schema: store.schema, group: this.group, clock: this.#clock, signal: closing };
      while (!(await new GroupSlot(slot).tryLead())) await this.#clock.sleep(STANDBY_PAUSE_MS, closing);
      this.#isLeading = true;
      while (!closing.aborted) {
        const aborter = new AbortController();
        round.abort = (reason) => aborter.abort(reason);
        const signal = AbortSignal.any([closing, aborter.signal]);
        try {
          const leader = new Leader({ ...this.#options, clock: this.#clock }, this.#plan, this.#connection, session);
          round.flush = () => leader.flush();
          await leader.run(signal);
        } catch (error) {
          if (error !== BEGIN_ANEW && !(signal.aborted && signal.reason === BEGIN_ANEW)) throw error;
        }
      }
    } finally {
      this.#isLeading = false;
      await session.end().catch(() => {});
    }
  }
}

/** One round of leading a group: from opening its slot to whatever ends that. */
class Leader {
  readonly #options: GroupOptions & { readonly clock: Clock };
  readonly #plan: GroupPlan;
  readonly #connection: ConnectionOptions;
  readonly #session: pg.Client;
  readonly #failed = new AbortController();
  #loops: { readonly loop: ConsumerLoop; readonly end: AbortController }[] = [];
  /** Positions of consumers that no loop here drives. */
  #held: readonly Lsn[] = [];
  #reader: LogReader | undefined;
  /** Who gets what the present reader reads: those who need nothing that came before it. */
  #members = new Set<ConsumerLoop>();
  #reopen = new AbortController();
  #readerPassed = NO_LSN;
  #onLive: () => void = () => {};

  constructor(
    options: GroupOptions & { readonly clock: Clock },
    plan: GroupPlan,
    connection: ConnectionOptions,
    session: pg.Client,
  ) {
    this.#options = options;
    this.#plan = plan;
    this.#connection = connection;
    this.#session = session;
  }

  /** @throws the signal's reason when it is aborted; else what failed */
  async run(outer: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([outer, this.#failed.signal]);
    const { store, group, clock, pool } = this.#options;
    const slot = new GroupSlot({ session: this.#session, schema: store.schema, group, clock, signal });
    const held = (await this.#plan.rows()).map(({ progress }) => progress.lsn).filter((at) => at !== NO_LSN);
    const from = await slot.open(held.length === 0 ? undefined : lowest(held));
    const handover = async (): Promise<Handover> => ({
      snapshot: await takeSnapshot(this.#session, clock, signal),
      lsn: from,
    });
    const consumers = await this.#plan.open({ handover, signal });
    const running = new Set(consumers.map(({ row }) => row.id));
    const rows = await this.#plan.rows();
    this.#held = rows.filter(({ id, progress }) => !running.has(id) && progress.lsn !== NO_LSN).map(heldBy);
    this.#loops = consumers.map((consumer) => ({
      end: new AbortController(),
      loop: new ConsumerLoop({
        consumer,
        executor: pool,
        schema: store.schema,
        types: store.types,
        clock,
        onLive: (loop) => this.#joined(loop),
        onProgress: () => this.#progressed(consumer),
      }),
    }));
    const fail = (error: unknown): void => this.#failed.abort(error);
    const work = this.#loops.map(({ loop, end }) => loop.run(AbortSignal.any([signal, end.signal])).catch(fail));
    // The pump ends with the signal only.
    await Promise.all([...work, this.#pump(slot.name, signal).catch(fail)]);
    throw this.#failed.signal.aborted ? this.#failed.signal.reason : outer.reason;
  }

  /** Somebody waits to read how far the consumers have come. */
  flush(): void {
    this.#reader?.ask();
    for (const { loop } of this.#loops) loop.flush();
  }

  /** Reads the log for whoever is live, from the lowest position anybody needs, and again from there when one joins that needs more. */
  async #pump(slot: string, signal: AbortSignal): Promise<void> {
    const { store, clock } = this.#options;
    while (!signal.aborted) {
      const joined = new Promise<void>((resolve) => {
        this.#onLive = resolve;
      });
      this.#members = new Set(this.#loops.map(({ loop }) => loop).filter(({ isLive }) => isLive));
      if (this.#members.size === 0) {
        await Promise.race([joined, aborted(signal)]);
        continue;
      }
      this.#reopen = new AbortController();
      const reopen = this.#reopen.signal;
      const from = this.#needed();
      this.#readerPassed = from;
      const reader = await LogReader.open({
        connection: this.#connection,
        session: this.#session,
        slot,
        publication: publicationName(store.schema),
        from,
        types: store.types,
        clock,
        signal,
      });
      this.#reader = reader;
      try {
        await this.#read(reader, AbortSignal.any([signal, reopen]));
      } catch (error) {
        if (!signal.aborted && !reopen.aborted) throw error;
      } finally {
        this.#reader = undefined;
        await reader.close();
      }
    }
  }

  async #read(reader: LogReader, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const chunk = await reader.next(signal);
      const last = chunk.events.at(-1)?.lsn ?? NO_LSN;
      this.#readerPassed = last < chunk.passed ? chunk.passed : lsn(last + 1n);
      for (const loop of this.#members) await loop.offer(chunk);
    }
  }

  #joined(loop: ConsumerLoop): void {
    this.#onLive();
    if (this.#readerPassed <= loop.consumer.progress.lsn) this.#members.add(loop);
    else this.#reopen.abort(BEGIN_ANEW);
  }

  async #progressed(consumer: Consumer): Promise<void> {
    const over = await this.#plan.progressed?.(consumer);
    if (over !== undefined) this.#end(over);
    this.#reader?.acknowledge(this.#needed());
  }

  #end(consumer: Consumer): void {
    const index = this.#loops.findIndex(({ loop }) => loop.consumer === consumer);
    if (index < 0) return;
    const [ended] = this.#loops.splice(index, 1);
    ended!.end.abort(BEGIN_ANEW);
  }

  /** INV-1: the log is released only up to what every consumer has done, durably. */
  #needed(): Lsn {
    return lowest([...this.#held, ...this.#loops.map(({ loop }) => loop.consumer.progress.lsn)]);
  }
}

const heldBy = ({ progress }: ConsumerRow): Lsn => progress.lsn;

const lowest = (positions: readonly Lsn[]): Lsn => positions.toSorted((a, b) => (a < b ? -1 : 1))[0]!;

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
