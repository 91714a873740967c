import { type Batch, type Processor, type ProcessorContext, SHOWN_AFTER } from '@millrace/engine';
import { CommitTimes, isChangeBatch } from '@millrace/formats';

/**
 * Has a sink whose rows are shown when the snapshot that covers them is committed count how long that took since their commit at the source
 * (`SHOWN_AFTER`). Sinks that show rows at once know better themselves.
 */
export function timingShown(sink: Processor): Processor {
  const taken = new CommitTimes();
  /** By snapshot: what it covers and has not shown. */
  const covered = new Map<number, readonly number[]>();
  let context: ProcessorContext | undefined;
  const init = sink.init?.bind(sink);
  const process = sink.process?.bind(sink);
  const saveSnapshot = sink.saveSnapshot?.bind(sink);
  const snapshotCommit = sink.snapshotCommit?.bind(sink);
  const timed: Partial<Processor> = {
    init(given) {
      context = given;
      return init?.(given);
    },
    process(ordinal: number, batch: Batch) {
      if (!process!(ordinal, batch)) return false;
      if (isChangeBatch(batch)) taken.add(batch);
      return true;
    },
    saveSnapshot(snapshotId, writer) {
      if (!(saveSnapshot?.(snapshotId, writer) ?? true)) return false;
      covered.set(snapshotId, taken.take());
      return true;
    },
    async snapshotCommit(snapshotId) {
      await snapshotCommit?.(snapshotId);
      for (const [id, times] of covered) {
        if (id > snapshotId) continue;
        covered.delete(id);
        const nowMs = context!.clock.nowMs();
        for (const time of times) context!.metrics.observe(SHOWN_AFTER, Math.max(0, nowMs - time));
      }
    },
  };
  return Object.assign(sink, timed);
}
