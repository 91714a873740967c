import type { Page } from 'playwright-core';

/** Milliseconds between callbacks of requestAnimationFrame. */
export interface Frames {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  readonly count: number;
  /** Times that the page's content changed. */
  readonly changes: number;
  /** Share of a core that the page's main thread used: what other work on the machine does not change much. */
  readonly mainThread: number;
}

/** Runs in the page. */
const LOOK = `(durationMs) => new Promise((resolve) => {
  const gaps = [];
  let changes = 0;
  const observer = new MutationObserver(() => { changes += 1; });
  observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  const start = performance.now();
  let last;
  const frame = (now) => {
    if (last !== undefined) gaps.push(now - last);
    last = now;
    if (now - start < durationMs) requestAnimationFrame(frame);
    else { observer.disconnect(); resolve({ gaps, changes }); }
  };
  requestAnimationFrame(frame);
})`;

const rounded = (value: number): number => Math.round(value * 10) / 10;

export async function framesOf(page: Page, durationMs: number): Promise<Frames> {
  const devTools = await page.context().newCDPSession(page);
  await devTools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const taskSeconds = async (): Promise<number> =>
    (await devTools.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration')!.value;
  const before = await taskSeconds();
  const { gaps, changes } = await page.evaluate<{ gaps: number[]; changes: number }>(`(${LOOK})(${durationMs})`);
  const mainThread = Math.round((((await taskSeconds()) - before) / (durationMs / 1_000)) * 1_000) / 1_000;
  await devTools.detach();
  const sorted = gaps.toSorted((a, b) => a - b);
  const at = (share: number): number => rounded(sorted[Math.floor(share * (sorted.length - 1))]!);
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1), count: sorted.length, changes, mainThread };
}
