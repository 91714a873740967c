import { reloadGauge } from '@millrace/connector-contract';
import type { ProcessorMetrics } from '@millrace/engine';
import type { ReloadProgress } from './contract.ts';

/** Tells how far requests to load tables again are. Only what a committed snapshot has may be told as done: who hears it forgets the request. */
export function tellReloads(progress: readonly ReloadProgress[], metrics: Pick<ProcessorMetrics, 'set'>): void {
  for (const { id, state } of progress) metrics.set(...reloadGauge(id, state));
}
