import 'reflect-metadata';
import { MillraceError, maskSecrets, systemClock } from '@millrace/kernel';
import { NestFactory } from '@nestjs/core';
import { pino } from 'pino';
import { connectorsOf } from './connectors.ts';
import { Member } from './member.ts';
import { readSettings } from './settings.ts';
import { workerModule } from './worker.module.ts';

/** Last snapshots and closing may take this long; then the process ends all the same, which is as safe as SIGKILL. */
const SHUTDOWN_MS_MAX = 25_000;

let isEnding = false;

try {
  const settings = readSettings(process.env);
  const log = pino({ level: settings.logLevel, base: { app: 'worker' }, hooks: { streamWrite: maskSecrets } });
  // Each thread of the engine loads them for itself; what is wrong with them is said here.
  await connectorsOf(process.env);
  const app = await NestFactory.createApplicationContext(workerModule(settings, log), { logger: false });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (isEnding) return;
      isEnding = true;
      systemClock.timer(SHUTDOWN_MS_MAX, () => process.exit(1));
      app.close().then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ err: error }, 'shutdown failed');
          process.exit(1);
        },
      );
    });
  }
  await app.get(Member).start();
} catch (error) {
  // Asked to end before everything was there: the handler above sees to it.
  if (!isEnding) fail(error);
}

function fail(error: unknown): never {
  // Nothing runs yet: say what to do and end. Only failures without a name of their own need their stack.
  const text =
    error instanceof MillraceError
      ? [`${error.code.code}: ${error.message}`, error.mend].filter(Boolean).join('\n')
      : (error as Error).stack;
  process.stderr.write(`millrace worker: ${maskSecrets(text ?? '')}\n`);
  process.exit(1);
}
