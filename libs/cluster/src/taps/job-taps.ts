import type { Execution, TapSample } from '@millrace/engine';
import type { Clock } from '@millrace/kernel';
import { TAP_LEASE_MS, type TapBoard, type TapWish } from './tap-board.ts';

type Wishes = Pick<TapBoard, 'wishes' | 'publish'>;

interface Served {
  beat: number;
  renewedMs: number;
}

/** Has one execution sample rows for those who wish it, as long as they renew their wish. */
export class JobTaps {
  readonly #board: Wishes;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #served = new Map<string, Served>();
  /** Wishes that were left alone; the board may have them for a moment longer. */
  readonly #over = new Map<string, number>();

  constructor(board: Wishes, clock: Pick<Clock, 'monotonicMs'>) {
    this.#board = board;
    this.#clock = clock;
  }

  /** About once a second. */
  async look(jobId: string, execution: Pick<Execution, 'tap' | 'untap'>): Promise<void> {
    const wishes = await this.#board.wishes(jobId);
    const nowMs = this.#clock.monotonicMs();
    for (const wish of wishes) await this.#serve(wish, execution, nowMs);
    const wished = new Set(wishes.map(({ id }) => id));
    for (const [id, { renewedMs }] of this.#served) {
      if (wished.has(id) && nowMs - renewedMs < TAP_LEASE_MS) continue;
      this.#served.delete(id);
      this.#over.set(id, nowMs);
      await execution.untap(id);
    }
    for (const [id, sinceMs] of this.#over) if (nowMs - sinceMs > 2 * TAP_LEASE_MS) this.#over.delete(id);
  }

  async #serve(wish: TapWish, execution: Pick<Execution, 'tap'>, nowMs: number): Promise<void> {
    const known = this.#served.get(wish.id);
    if (known !== undefined) {
      if (known.beat !== wish.beat) Object.assign(known, { beat: wish.beat, renewedMs: nowMs });
      return;
    }
    if (this.#over.has(wish.id)) return;
    this.#served.set(wish.id, { beat: wish.beat, renewedMs: nowMs });
    await execution.tap(wish, (sample) => this.#tell(sample));
  }

  /** What gets lost was not missed: it was a sample. */
  #tell(sample: TapSample): void {
    this.#board.publish(sample).catch(() => undefined);
  }
}
