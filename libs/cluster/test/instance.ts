import type { InstanceMetrics } from '@millrace/engine';

/** Counters of an instance as the engine reads them, for tests of what is made of them. */
export const instance = (vertex: string, more: Partial<InstanceMetrics> = {}): InstanceMetrics => ({
  vertex,
  globalIndex: 0,
  rowsIn: 0,
  rowsOut: 0,
  busyMs: 0,
  blockedMs: 0,
  out: [],
  queues: [],
  durations: {},
  custom: {},
  ...more,
});
