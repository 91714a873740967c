import { ApiProblem } from '../client/api-problem.ts';
import type { Connection } from '../client/connection.ts';
import { serverSentEvents } from '../stream/server-sent-events.ts';
import type { Change } from './change.ts';
import { decodeChange, keyOf, type Shape, type WireChange } from './decode-change.ts';
import { PartitionProgress } from './partition-progress.ts';
import { backOff, jittered, later, wait } from './wait.ts';

/** How long acknowledgements wait for others. */
const REPORT_MS = 100;
/** An instance with nothing to say says that it lives: half of what the api waits, twice over. */
const ALIVE_MS = 2_000;
/** Before a report that failed is sent again. */
const RETRY_MS = 500;
/** The stream says at least once a second that it lives. */
const SILENCE_MS_MAX = 6_000;
const RECONNECT_MS_MIN = 50;
const RECONNECT_MS_MAX = 5_000;

/** A change that this instance has. */
export interface Delivered {
  readonly change: Change;
  /** Changes of one key are handled one after the other. */
  readonly key: string;
  readonly partition: number;
  readonly epoch: number;
  readonly number: number;
  /** Aborted when the partition is another instance's: what runs on does so beside that one. */
  readonly lost: AbortSignal;
  /** Whether a handler may still begin. */
  isWanted(): boolean;
  begin(): void;
  /** @param isDone the change is handled: it does not come again */
  end(isDone: boolean): void;
}

export interface SubscriberOptions {
  readonly connection: Connection;
  readonly subscription: string;
  /** ULID of this instance. */
  readonly instance: string;
  readonly random: () => number;
  readonly take: (delivered: Delivered) => void;
  /** The stream broke, or a call failed; it is tried again. `undefined`: all is well again. */
  readonly onProblem: (problem: ApiProblem | undefined) => void;
}

/** One instance's part of a subscription: its stream, its partitions, and what it has acknowledged. */
export class Subscriber {
  readonly #options: SubscriberOptions;
  readonly #partitions = new Map<number, PartitionProgress>();
  readonly #shapes = new Map<string, Shape>();
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #cancelReport: (() => void) | undefined;
  #reporting: Promise<void> = Promise.resolve();
  #lastReportMs = 0;
  #isPaused = false;
  #stream: AbortController | undefined;

  constructor(options: SubscriberOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#keepListening();
    this.#scheduleReport(ALIVE_MS);
  }

  /** Partitions that this instance has. */
  get partitions(): number {
    return this.#partitions.size;
  }

  /** No more changes come; those that run may end. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Acknowledges what is handled and leaves the rest to others. */
  async leave(): Promise<void> {
    this.#closing.abort(new Error('this instance leaves'));
    this.#stream?.abort(new Error('this instance leaves'));
    this.#cancelReport?.();
    await this.#running;
    await this.#reporting;
    await this.#report(true).catch(() => {});
  }

  async #keepListening(): Promise<void> {
    const { random, onProblem } = this.#options;
    let failures = 0;
    while (!this.#closing.signal.aborted) {
      try {
        await this.#listen(() => {
          failures = 0;
          onProblem(undefined);
        });
        if (!this.#closing.signal.aborted) await wait(jittered(RECONNECT_MS_MIN, random), this.#closing.signal);
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        failures += 1;
        onProblem(ApiProblem.of(error));
        await wait(backOff(failures, RECONNECT_MS_MIN, RECONNECT_MS_MAX, random), this.#closing.signal);
      }
    }
  }

  async #listen(onAlive: () => void): Promise<void> {
    const { connection, subscription, instance } = this.#options;
    this.#stream = new AbortController();
    const signal = this.#stream.signal;
    const silent = (): void => this.#stream!.abort(new Error(`the stream was silent for ${SILENCE_MS_MAX} ms`));
    let cancel = later(SILENCE_MS_MAX, silent);
    try {
      const path = `/api/v1/subscriptions/${encodeURIComponent(subscription)}/events?instance=${instance}`;
      const { body } = await connection.request('GET', path, { signal, accept: 'text/event-stream' });
      for await (const { event, data } of serverSentEvents(body!)) {
        cancel();
        cancel = later(SILENCE_MS_MAX, silent);
        if (event === 'failed') throw new ApiProblem(problemOf(JSON.parse(data) as Failure, path));
        if (event === '') onAlive();
        else this.#hear(event, data);
      }
    } finally {
      cancel();
      this.#stream.abort();
    }
  }

  #hear(event: string, data: string): void {
    switch (event) {
      case 'assigned': {
        const { partition, epoch, acknowledged } = JSON.parse(data) as Assigned;
        // The same epoch: the connection was broken for a moment, and what runs goes on.
        if (this.#partitions.get(partition)?.epoch === epoch) return;
        this.#drop(partition);
        this.#partitions.set(partition, new PartitionProgress(epoch, acknowledged));
        return;
      }
      case 'revoked':
        this.#revoke((JSON.parse(data) as { partition: number }).partition);
        return;
      case 'lost':
        this.#drop((JSON.parse(data) as { partition: number }).partition);
        return;
      case 'schema': {
        const { id, schema } = JSON.parse(data) as { id: string; schema: Shape };
        this.#shapes.set(id, schema);
        return;
      }
      case 'changes':
        for (const [partition, number, shape, wire] of JSON.parse(data) as WireEntry[])
          this.#receive(partition, number, this.#shapes.get(shape)!, wire);
    }
  }

  #receive(partition: number, number: number, shape: Shape, wire: WireChange): void {
    const progress = this.#partitions.get(partition);
    if (progress === undefined || progress.isRevoked || this.#isPaused || !progress.receive(number)) return;
    this.#options.take({
      change: decodeChange(shape, wire, number),
      key: keyOf(shape, wire),
      partition,
      number,
      epoch: progress.epoch,
      lost: progress.lost.signal,
      isWanted: () => !this.#isPaused && this.#partitions.get(partition) === progress && !progress.isRevoked,
      begin: () => progress.begin(),
      end: (isDone) => {
        progress.end();
        if (isDone) progress.done(number);
        if (progress.toReport !== undefined || progress.isRevoked) this.#scheduleReport(REPORT_MS);
      },
    });
  }

  #revoke(partition: number): void {
    const progress = this.#partitions.get(partition);
    if (progress === undefined) return;
    progress.isRevoked = true;
    if (progress.isIdle) this.#scheduleReport(REPORT_MS);
  }

  #drop(partition: number): void {
    this.#partitions.get(partition)?.lost.abort(new Error(`partition ${partition} is another instance's`));
    this.#partitions.delete(partition);
  }

  #scheduleReport(afterMs: number): void {
    if (this.#closing.signal.aborted) return;
    if (this.#cancelReport !== undefined && afterMs > REPORT_MS) return;
    this.#cancelReport?.();
    const send = (): void => {
      this.#cancelReport = undefined;
      this.#reporting = this.#report(false).then(
        () => this.#scheduleReport(this.#hasNews ? REPORT_MS : ALIVE_MS),
        (error: unknown) => {
          this.#options.onProblem(ApiProblem.of(error));
          this.#scheduleReport(RETRY_MS);
        },
      );
    };
    // One timer for all that is done meanwhile: a burst must not put it off again and again.
    const dueMs = this.#lastReportMs + afterMs - performance.now();
    this.#cancelReport = later(Math.max(0, Math.min(afterMs, dueMs)), send);
  }

  get #hasNews(): boolean {
    for (const progress of this.#partitions.values())
      if (progress.toReport !== undefined || (progress.isRevoked && progress.isIdle)) return true;
    return false;
  }

  async #report(leaves: boolean): Promise<void> {
    await this.#reporting.catch(() => {});
    const { connection, subscription, instance } = this.#options;
    const reports = [...this.#partitions].flatMap(([partition, { epoch, toReport: upTo }]) =>
      upTo === undefined ? [] : [{ partition, epoch, upTo }],
    );
    const released = [...this.#partitions].filter(([, { isRevoked, isIdle }]) => isRevoked && isIdle);
    this.#lastReportMs = performance.now();
    const path = `/api/v1/subscriptions/${encodeURIComponent(subscription)}/report`;
    const body = { instance, acknowledged: reports, released: released.map(([partition]) => partition), leaves };
    const { lost, isKnown } = (await connection.json('POST', path, body)) as Answer;
    for (const { partition, epoch, upTo } of reports) {
      const progress = this.#partitions.get(partition);
      if (progress?.epoch === epoch) progress.reported(upTo);
    }
    for (const [partition, progress] of released)
      if (this.#partitions.get(partition) === progress) this.#partitions.delete(partition);
    for (const partition of lost) this.#drop(partition);
    if (!isKnown && !leaves) this.#stream?.abort(new Error('others have the place of this instance'));
  }
}

interface Assigned {
  readonly partition: number;
  readonly epoch: number;
  readonly acknowledged: number;
}

type WireEntry = readonly [partition: number, number: number, shape: string, wire: WireChange];

interface Answer {
  readonly isKnown: boolean;
  readonly lost: readonly number[];
}

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly mend?: string;
}

const problemOf = ({ code, message, mend }: Failure, instance: string) => ({
  type: `urn:millrace:error:${code}`,
  title: 'The stream of changes failed',
  status: 503,
  code,
  detail: message,
  ...(mend === undefined ? {} : { mend }),
  instance,
  requestId: '',
});
