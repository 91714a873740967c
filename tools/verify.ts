/**
 * Build, types, lint and house rules. Two lanes side by side, for most steps keep one core busy; a lane ends with its first step that fails, and the other with it.
 * What a step prints appears when it ends, so that the steps do not mix.
 */
import { spawn } from 'node:child_process';

const LANES = [
  ['build', 'unused', 'typecheck', 'api-client'],
  ['lint', 'layers', 'tidy', 'snippets', 'reference'],
] as const;

const stop = new AbortController();

function runStep(step: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', ['run', '-s', step], { stdio: ['ignore', 'pipe', 'pipe'], signal: stop.signal });
    const output: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => output.push(part));
    child.once('error', (error) => (stop.signal.aborted ? resolve(1) : reject(error)));
    child.once('close', (code) => {
      if (!stop.signal.aborted) process.stdout.write(Buffer.concat(output));
      resolve(code ?? 1);
    });
  });
}

async function runLane(steps: readonly string[]): Promise<number> {
  for (const step of steps) {
    const code = await runStep(step);
    if (code === 0) continue;
    if (!stop.signal.aborted) console.error(`npm run ${step} failed`);
    stop.abort();
    return code;
  }
  return 0;
}

process.exitCode = Math.max(...(await Promise.all(LANES.map(runLane))));
