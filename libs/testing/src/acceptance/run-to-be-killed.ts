import { spawn } from 'node:child_process';

/**
 * Runs a file of this folder in a process of its own.
 * @returns whether it was killed; `false` when it came to its end
 */
export function runToBeKilled(name: string, argument: { readonly killAt: number }): Promise<boolean> {
  const isSource = import.meta.url.endsWith('.ts');
  const child = new URL(`./${name}.${isSource ? 'ts' : 'js'}`, import.meta.url);
  const args = [...(isSource ? ['--conditions=source'] : []), '--disable-warning=ExperimentalWarning', child.pathname];
  const running = spawn(process.execPath, [...args, JSON.stringify(argument)], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  running.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  return new Promise((resolve, reject) => {
    running.once('error', reject);
    running.once('close', (code, signal) => {
      if (signal === 'SIGKILL') resolve(true);
      else if (code === 0) resolve(false);
      else
        reject(new Error(`the process that was to be killed at moment ${argument.killAt} ended with ${code}: ${said}`));
    });
  });
}
