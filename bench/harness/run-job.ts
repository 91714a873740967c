import { execFile } from 'node:child_process';
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
