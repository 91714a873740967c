import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { ProcessFigures } from './run-report.ts';

const SAMPLE_MS = 100;
const TICKS_PER_SECOND = 100;

const fields = (text: string): number[] => text.trim().split(/\s+/).map(Number);

/** CPU seconds that the machine has burnt: user, nice, system, interrupts; neither idle nor stolen. */
function machineSeconds(): number {
  const [, user, nice, system, , , irq, softirq] = fields(readFileSync('/proc/stat', 'utf8').split('\n')[0]!);
  return (user! + nice! + system! + irq! + softirq!) / TICKS_PER_SECOND;
}

function processSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in the second field may hold spaces.
  const rest = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(rest[11]) + Number(rest[12])) / TICKS_PER_SECOND;
}

/** 0 once it has ended. */
const peakBytes = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1_024;

export interface Watched extends ProcessFigures {
  readonly stdout: string;
}

/** Runs a program to its end and looks at it through `/proc` meanwhile. Rejects when it fails, with what it said. */
export function watched(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Watched> {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const [startedAt, machineBefore] = [performance.now(), machineSeconds()];
  let [rssPeakBytes, processCpuSeconds] = [0, 0];
  const sample = setInterval(() => {
    try {
      rssPeakBytes = Math.max(rssPeakBytes, peakBytes(child.pid!));
      processCpuSeconds = processSeconds(child.pid!);
    } catch {
      // It has just ended; the last sample counts.
    }
  }, SAMPLE_MS);
  const killIt = () => child.kill('SIGKILL');
  process.once('exit', killIt);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise<Watched>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      const machine = machineSeconds() - machineBefore;
      const coreSeconds = ((performance.now() - startedAt) / 1_000) * cpus().length;
      const foreignLoad = Math.max(0, (machine - processCpuSeconds) / coreSeconds);
      if (code === 0) resolve({ stdout, rssPeakBytes, processCpuSeconds, foreignLoad });
      else reject(new Error(`${program} ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`));
    });
  }).finally(() => {
    clearInterval(sample);
    process.off('exit', killIt);
  });
}
