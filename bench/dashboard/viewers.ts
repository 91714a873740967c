import { readFileSync } from 'node:fs';

/** Ticks of the kernel's clock in a second, as `/proc` counts them. */
const TICKS_PER_S = 100;

/** Seconds of processor that a process has used. Linux only. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

const pause = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));

export interface ViewerCost {
  /** Share of a core. */
  readonly cpu: number;
  /** What one of them was sent. */
  readonly kBPerSecond: number;
}

/** What the api costs while this many viewers have these streams open. */
export async function costOf(
  viewers: number,
  urls: readonly string[],
  pid: number,
  durationMs: number,
): Promise<ViewerCost> {
  const leaving = new AbortController();
  let received = 0;
  const read = async (url: string): Promise<void> => {
    const { body } = await fetch(url, { signal: leaving.signal });
    for await (const chunk of body!) received += chunk.length;
  };
  const reading = Promise.allSettled(Array.from({ length: viewers }, () => urls.map(read)).flat());
  // What is sent first is sent once.
  await pause(3_000);
  const [cpuBefore, receivedBefore, before] = [cpuSeconds(pid), received, performance.now()];
  await pause(durationMs);
  const seconds = (performance.now() - before) / 1_000;
  const cost = {
    cpu: (cpuSeconds(pid) - cpuBefore) / seconds,
    kBPerSecond: Math.round((received - receivedBefore) / seconds / viewers / 1_000),
  };
  leaving.abort();
  await reading;
  return cost;
}
