import { MillraceError, maskSecrets } from '@millrace/kernel';
import { pino } from 'pino';
import { connectorsOf } from './connectors.ts';
import { createApp } from './create-app.ts';
import { readSettings } from './settings/settings.ts';

try {
  const settings = readSettings(process.env);
  const log = pino({ level: settings.logLevel, base: { app: 'api' }, hooks: { streamWrite: maskSecrets } });
  const app = await createApp({ settings, registry: await connectorsOf(process.env), log });
  app.enableShutdownHooks();
  await app.listen(settings.port, settings.host);
  log.info(`listening on ${await app.getUrl()}`);
} catch (error) {
  // Nothing runs yet: say what to do and end. Only failures without a name of their own need their stack.
  const text =
    error instanceof MillraceError
      ? [`${error.code.code}: ${error.message}`, error.mend].filter(Boolean).join('\n')
      : (error as Error).stack;
  process.stderr.write(`millrace api: ${maskSecrets(text ?? '')}\n`);
  process.exitCode = 1;
}
