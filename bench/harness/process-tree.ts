import { readdirSync, readFileSync } from 'node:fs';

const SAMPLE_MS = 100;

/** A process that ends while it is looked at has nothing more. */
function read<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}

/** Any thread may have children. */
const childrenOf = (pid: number): number[] =>
  read(() => readdirSync(`/proc/${pid}/task`), []).flatMap((thread) =>
    read(() => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8'), '')
      .split(' ')
      .filter((text) => text !== '')
      .map(Number),
  );

function residentKiB(pid: number): number {
  const own = /^VmRSS:\s+(\d+) kB/m.exec(read(() => readFileSync(`/proc/${pid}/status`, 'utf8'), ''))?.[1] ?? 0;
  return childrenOf(pid).reduce((sum, child) => sum + residentKiB(child), Number(own));
}

/** Looks at the resident memory of a process and its descendants from now on. Linux only. */
export function watchMemory(pid: number): {
  /** Ends it. @returns the most at one time, MiB */
  peakMiB(): number;
} {
  let peakKiB = 0;
  const sample = setInterval(() => {
    peakKiB = Math.max(peakKiB, residentKiB(pid));
  }, SAMPLE_MS);
  return {
    peakMiB() {
      clearInterval(sample);
      return Math.round(Math.max(peakKiB, residentKiB(pid)) / 1_024);
    },
  };
}
