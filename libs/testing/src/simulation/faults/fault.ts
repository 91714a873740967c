/** A request to a system outside the process, as faults name it. */
export type RequestName =
  | 'store.write'
  | 'witness.write'
  | 'sink.prepare'
  | 'sink.commit'
  | 'sink.restore'
  | 'source.acknowledge';

/** A stretch of virtual time, milliseconds since the start of the simulation. */
export interface Stretch {
  readonly fromMs: number;
  readonly durationMs: number;
}

/** Something that goes wrong in a simulated run, at a place that is part of the description. */
export type Fault =
  /** The process dies when the loop has taken so many steps; another one begins, with `threads`. */
  | { readonly kind: 'kill'; readonly atStep: number; readonly threads: number }
  /** The process dies at the `nth` request (from 1) of this name: before it has had its effect, or after, with the answer lost. */
  | {
      readonly kind: 'kill-at-request';
      readonly request: RequestName;
      readonly nth: number;
      readonly hasEffect: boolean;
      readonly threads: number;
    }
  /** One engine thread dies. */
  | { readonly kind: 'thread-loss'; readonly atStep: number; readonly thread: number }
  /** Another process takes the job while this one goes on, believing that it owns it. */
  | { readonly kind: 'takeover'; readonly atStep: number; readonly threads: number }
  /** The process is shut down in good order, with a last snapshot; another one begins, with `threads`. */
  | { readonly kind: 'shutdown'; readonly atStep: number; readonly threads: number }
  /** The user asks for a restart. */
  | { readonly kind: 'restart'; readonly atStep: number }
  /** A request of this name fails, with or without having had its effect. */
  | { readonly kind: 'request-fails'; readonly request: RequestName; readonly nth: number; readonly hasEffect: boolean }
  /** The systems outside are slow. */
  | ({ readonly kind: 'slow-outside'; readonly delayMs: number } & Stretch)
  /** Messages between threads are slow on some channels. */
  | ({ readonly kind: 'slow-channels'; readonly delayMs: number } & Stretch)
  /** Callbacks of some tasklets take long. */
  | ({ readonly kind: 'slow-tasklets'; readonly spendMs: number } & Stretch)
  /** The sinks take nothing. */
  | ({ readonly kind: 'sink-refuses' } & Stretch)
  /** A callback throws. */
  | { readonly kind: 'processor-fails'; readonly nthBatch: number };
