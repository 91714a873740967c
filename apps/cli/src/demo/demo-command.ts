import { errorCode, MillraceError, parseDurationMs } from '@millrace/kernel';
import { Command } from 'commander';

const BadDuration = errorCode('cli.bad_duration', { domain: 'user', retry: 'never', title: 'Not a duration' });

function durationMs(text: string): number {
  const duration = parseDurationMs(text);
  if (duration !== undefined) return duration;
  throw new MillraceError(BadDuration, {
    message: `--for "${text}" is not a duration`,
    mend: 'Write it like 40s, 2m or 1h.',
  });
}

/** `millrace demo`: everything on this machine, with a shop to copy. */
export function demoCommand(exit: (code: number) => void): Command {
  return new Command('demo')
    .description('Start a shop database, its traffic and a job that copies it; kill the worker and watch it recover.')
    .option('--for <duration>', 'end by itself after this time, with 0 only if the copy is equal')
    .option('--seed <number>', 'seed of the traffic', '1')
    .action(async (options: { for?: string; seed: string }) => {
      // Only here: the servers it starts are none of an installation's.
      const { runDemo } = await import('./demo.ts');
      exit(
        await runDemo({
          forMs: options.for === undefined ? undefined : durationMs(options.for),
          seed: Number(options.seed),
        }),
      );
    });
}
