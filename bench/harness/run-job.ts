import { execFile, spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { BenchJob, JobRun } from './job-spec.ts';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('./job-process.ts', import.meta.url));

/** Runs a job in a process of its own, from start to the last row. */
export async function runJob(job: BenchJob): Promise<JobRun> {
  const { stdout, stderr } = await run(process.execPath, [MAIN, JSON.stringify(job)]);
  if (stderr !== '') process.stderr.write(stderr);
  return JSON.parse(stdout) as JobRun;
}

export interface RunningJob {
  readonly pid: number;
  /** Ends it; what it came to. */
  stop(): Promise<JobRun>;
}

/** Starts a job whose end the caller decides. */
export function startJob(job: BenchJob): RunningJob {
  const child = spawn(process.execPath, [MAIN, JSON.stringify(job)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const said = text(child.stdout);
  let result: Promise<JobRun> | undefined;
  return {
    pid: child.pid!,
    stop() {
      child.stdin.end();
      result ??= said.then((line) => JSON.parse(line) as JobRun);
      return result;
    },
  };
}
