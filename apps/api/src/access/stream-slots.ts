import type { Clock } from '@millrace/kernel';
import { MillraceError } from '@millrace/kernel';
import type { Actor } from './actor.ts';
import { TooManyStreams } from './errors.ts';

/** Open streams (SSE) of one key, all its sessions together; without keys, of everybody together. */
export const STREAMS_PER_KEY_MAX = 64;
/** Open streams of this process. */
export const STREAMS_MAX = 512;
/** How often it is asked whether those who hold streams may still. */
export const STREAM_CHECK_MS = 10_000;

/** A stream's place; the route that streams releases it when it ends, for whatever reason. */
export interface StreamSlot {
  /** Aborted when the caller's key is revoked, expired or lowered, or the API closes: end the stream. */
  readonly signal: AbortSignal;
  /** Harmless twice. */
  release(): void;
}

interface Held {
  readonly actor: Actor;
  readonly controller: AbortController;
}

const holderOf = ({ kind, keyId }: Actor): string => keyId ?? kind;

/** Bounds the streams that are open at once, and ends those of callers who may no longer. */
export class StreamSlots implements Disposable {
  readonly #mayStill: (actor: Actor) => Promise<boolean>;
  readonly #clock: Pick<Clock, 'timer'>;
  readonly #held = new Set<Held>();
  #cancelCheck: (() => void) | undefined;

  constructor(mayStill: (actor: Actor) => Promise<boolean>, clock: Pick<Clock, 'timer'>) {
    this.#mayStill = mayStill;
    this.#clock = clock;
  }

  /** Streams that are open. */
  get open(): number {
    return this.#held.size;
  }

  /** @param ownMax streams of the caller's key, for routes of programs. @throws MillraceError `access.too_many_streams` */
  take(actor: Actor, ownMax = STREAMS_PER_KEY_MAX): StreamSlot {
    const holder = holderOf(actor);
    const own = [...this.#held].filter((held) => holderOf(held.actor) === holder).length;
    if (own >= ownMax || this.#held.size >= STREAMS_MAX) {
      throw new MillraceError(TooManyStreams, {
        message: `${own} streams of ${actor.name} are open, ${this.#held.size} in all; at most ${ownMax} and ${STREAMS_MAX}`,
        mend: 'Close some: dashboards in other tabs, or clients that do not end their streams.',
        details: { open: own, limit: ownMax },
      });
    }
    const held: Held = { actor, controller: new AbortController() };
    this.#held.add(held);
    this.#checkLater();
    return { signal: held.controller.signal, release: () => this.#held.delete(held) };
  }

  /** Ends every stream. */
  [Symbol.dispose](): void {
    this.#cancelCheck?.();
    this.#cancelCheck = undefined;
    for (const held of this.#held) held.controller.abort();
    this.#held.clear();
  }

  #checkLater(): void {
    if (this.#cancelCheck !== undefined || this.#held.size === 0) return;
    this.#cancelCheck = this.#clock.timer(STREAM_CHECK_MS, () => void this.#check());
  }

  /** One question for each key; a database that is away ends no stream. */
  async #check(): Promise<void> {
    const byHolder = Map.groupBy(this.#held, ({ actor }) => `${actor.kind}/${holderOf(actor)}/${actor.role}`);
    for (const streams of byHolder.values()) {
      if (await this.#mayStill(streams[0]!.actor).catch(() => true)) continue;
      for (const held of streams) {
        held.controller.abort();
        this.#held.delete(held);
      }
    }
    this.#cancelCheck = undefined;
    this.#checkLater();
  }
}
