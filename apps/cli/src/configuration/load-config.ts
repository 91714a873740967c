import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { errorCode, MillraceError } from '@millrace/kernel';
import { registerPlatformImports } from '@millrace/pipeline';
import { type Config, mergeConfigs } from '@millrace/sdk/config';
import { bundleJob } from '../submit/bundle-job.ts';
import { documentIn } from '../submit/submit-command.ts';

export const NotAConfiguration = errorCode('cli.not_a_configuration', {
  domain: 'user',
  retry: 'never',
  title: 'Not a configuration',
});

const SECTIONS = ['sources', 'sinks', 'jobs', 'subscriptions'];
const DATA = new Set(['.json', '.yaml', '.yml']);

/** The configuration in a file; `undefined` when the file is something else. @throws MillraceError for a file that cannot be read */
export async function configIn(file: string): Promise<Config | undefined> {
  const found = DATA.has(extname(file)) ? await documentIn(file) : await defaultExport(file);
  const isConfig =
    typeof found === 'object' &&
    found !== null &&
    !('stages' in found) &&
    SECTIONS.some((section) => Object.hasOwn(found, section));
  return isConfig ? (found as Config) : undefined;
}

/**
 * The configurations of all files as one.
 * @throws MillraceError `cli.not_a_configuration`; ConfigInvalid when two files say something about one thing
 */
export async function loadConfig(files: readonly string[]): Promise<Config> {
  const configs: Config[] = [];
  for (const file of files) {
    const config = await configIn(file);
    if (config === undefined) {
      throw new MillraceError(NotAConfiguration, {
        message: `${file} is no configuration: it has none of ${SECTIONS.join(', ')}`,
        mend: 'Write one of them, or in TypeScript: export default defineConfig({ … }).',
      });
    }
    configs.push(config);
  }
  return mergeConfigs(configs);
}

/** What a module exports, with everything it imports; the platform's packages are those of this process. */
async function defaultExport(file: string): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-config-'));
  try {
    const bundled = join(folder, 'config.mjs');
    await writeFile(bundled, await bundleJob(file));
    registerPlatformImports();
    return ((await import(pathToFileURL(bundled).href)) as { readonly default?: unknown }).default;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
