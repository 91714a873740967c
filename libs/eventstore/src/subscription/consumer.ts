import type { StoredEvent } from '../events/event.ts';
import type { ConsumerRow, Progress } from '../log/progress.ts';

/** An event on its way to a consumer. */
export interface Item {
  readonly streamId: string;
  readonly type: string;
  readonly position: number;
  /** Progress once this event is done. */
  readonly after: Progress;
  /** @throws MillraceError when its data cannot be brought to the newest version */
  event(): StoredEvent;
}

/** Who gets a group's events, one batch after the other. */
export interface Consumer {
  readonly row: ConsumerRow;
  readonly categories: readonly string[] | undefined;
  /** Undefined: all types. */
  readonly eventTypes: readonly string[] | undefined;
  readonly batchEvents: number;
  /** What is durable. */
  readonly progress: Progress;
  /**
   * Takes events in order; when it resolves, `progress` is `after` (or will be, once all of them are acknowledged), or the consumer has stopped.
   * With no events it only writes the progress.
   * @throws MillraceError `eventstore.fenced`; whatever the database reports
   */
  process(items: readonly Item[], after: Progress, signal: AbortSignal): Promise<void>;
  /** It does not go on by itself: an event failed and its policy is to stop there. */
  readonly isStopped: boolean;
}
