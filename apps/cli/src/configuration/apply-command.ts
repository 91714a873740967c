import { errorCode, MillraceError } from '@millrace/kernel';
import { apply, type Plan, plan } from '@millrace/sdk/config';
import { Command } from 'commander';
import { type ApiOptions, sdkClient, withApi } from '../access/api-options.ts';
import { documentIn } from '../submit/submit-command.ts';
import { loadConfig, NotAConfiguration } from './load-config.ts';
import { hasDifferences, planLines, stepLine } from './plan-report.ts';
import { withSdkErrors } from './sdk-errors.ts';

export const NotConfirmed = errorCode('cli.not_confirmed', {
  domain: 'user',
  retry: 'after-repair',
  title: 'Nobody has confirmed it',
});

interface Options extends ApiOptions {
  readonly plan?: string;
  readonly prune?: true;
  readonly replace?: true;
  readonly yes?: true;
}

/** Asks a person a question; `undefined` when there is none. */
export type Ask = (question: string) => Promise<string | undefined>;

/** `millrace apply`: makes it so. */
export function applyCommand(print: (line: string) => void, environment: NodeJS.ProcessEnv, ask: Ask): Command {
  return withApi(new Command('apply'), environment)
    .description(
      'Makes sources, sinks, jobs and subscriptions as the configuration says. Shows the plan and asks first.',
    )
    .argument('[files...]', 'configurations: .yaml, .json or .ts; or none with --plan')
    .option('--plan <file>', 'a plan that was kept by millrace plan --out')
    .option('--prune', 'delete what the configuration does not name')
    .option('--replace', 'end jobs whose document changes, with their state, and make them anew')
    .option('--yes', 'do not ask')
    .action((files: string[], options: Options) => withSdkErrors(() => run(files, options, print, environment, ask)));
}

async function run(
  files: readonly string[],
  options: Options,
  print: (line: string) => void,
  environment: NodeJS.ProcessEnv,
  ask: Ask,
): Promise<void> {
  const api = await sdkClient(options, environment);
  const { prune, replace } = options;
  const planned =
    options.plan === undefined
      ? await plan(api, await loadConfig(given(files)), { prune })
      : await planIn(options.plan);
  for (const line of planLines(planned)) print(line);
  if (!hasDifferences(planned)) return;
  if (options.yes !== true) await confirm(ask);
  const done = await apply(api, planned, { replace, onDone: (step) => print(`done: ${stepLine(step)}`) });
  if (done.length === 0) print('it is so already');
}

async function planIn(file: string): Promise<Plan> {
  const found = await documentIn(file);
  if (typeof found === 'object' && found !== null && 'steps' in found && 'config' in found) return found as Plan;
  throw new MillraceError(NotAConfiguration, {
    message: `${file} is no plan`,
    mend: 'Make one: millrace plan FILE --out PLAN.',
  });
}

function given(files: readonly string[]): readonly string[] {
  if (files.length > 0) return files;
  throw new MillraceError(NotConfirmed, {
    message: 'no file was given',
    mend: 'Name a configuration, or --plan FILE.',
  });
}

async function confirm(ask: Ask): Promise<void> {
  const answer = await ask('Do it? (yes) ');
  if (answer?.trim().toLowerCase() === 'yes') return;
  throw new MillraceError(NotConfirmed, {
    message: answer === undefined ? 'there is nobody to ask' : 'nothing was done',
    mend: 'Answer yes, or give --yes.',
  });
}
