import type { ServerResponse } from 'node:http';
import type { Clock } from '@millrace/kernel';
import type { FastifyReply } from 'fastify';
import type { StreamSlot } from '../../access/stream-slots.ts';

/** A comment that keeps proxies and the server from taking a quiet stream for a dead one. */
const HEARTBEAT_MS = 5_000;
const HEARTBEAT = ': still here\n\n';

/** One server-sent event. `data` is JSON already. */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
  readonly id?: string | undefined;
}

export interface EventStreamParts {
  readonly reply: FastifyReply;
  readonly slot: StreamSlot;
  readonly clock: Pick<Clock, 'timer'>;
}

/**
 * Server-sent events to one viewer. https://html.spec.whatwg.org/multipage/server-sent-events.html
 * A viewer that reads too slowly is not queued for: `isReady` is false, and `onReady` tells when to go on with what is newest then.
 */
export class EventStream {
  /** Called when a slow viewer has caught up. */
  onReady: () => void = () => {};
  readonly #response: ServerResponse;
  readonly #slot: StreamSlot;
  readonly #clock: Pick<Clock, 'timer'>;
  readonly #onEnd: (() => void)[] = [];
  #cancelHeartbeat: (() => void) | undefined;
  #isBlocked = false;
  #hasEnded = false;

  /** Takes the reply over from Fastify and sends the headers that were set on it. */
  constructor({ reply, slot, clock }: EventStreamParts) {
    this.#response = reply.raw;
    this.#slot = slot;
    this.#clock = clock;
    reply.hijack();
    this.#response.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream; charset=utf-8',
      // nginx would gather events.
      'x-accel-buffering': 'no',
    });
    this.#response.on('close', () => this.end());
    this.#response.on('error', () => this.end());
    this.#response.on('drain', () => {
      this.#isBlocked = false;
      if (!this.#hasEnded) this.onReady();
    });
    slot.signal.addEventListener('abort', () => this.end(), { once: true });
    this.#response.flushHeaders();
    this.#beat();
  }

  get isReady(): boolean {
    return !this.#isBlocked && !this.#hasEnded;
  }

  /** Runs when the viewer has left or was sent away, at once when that has happened already. */
  whenEnded(run: () => void): void {
    if (this.#hasEnded) run();
    else this.#onEnd.push(run);
  }

  send({ event, data, id }: StreamEvent): void {
    if (this.#hasEnded) return;
    const text = `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`;
    if (!this.#response.write(text)) this.#isBlocked = true;
    this.#beat();
  }

  /** Ends the stream and everything that ran for it. Harmless twice. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#cancelHeartbeat?.();
    this.#slot.release();
    for (const run of this.#onEnd) run();
    this.#response.end();
  }

  #beat(): void {
    this.#cancelHeartbeat?.();
    this.#cancelHeartbeat = this.#clock.timer(HEARTBEAT_MS, () => {
      if (this.isReady && !this.#response.write(HEARTBEAT)) this.#isBlocked = true;
      this.#beat();
    });
  }
}
