import { errorCode, MillraceError } from '@millrace/kernel';
import { Command } from 'commander';
import { type ApiOptions, restClient, withApi } from '../access/api-options.ts';
import type { RestClient } from '../rest-client.ts';
import { type RunView, runLines, type ScheduleView, scheduleLines, schedulesLines } from './schedules-report.ts';

const BadScheduleAction = errorCode('cli.bad_schedule_action', {
  domain: 'user',
  retry: 'never',
  title: 'There is no such action',
});

const ACTIONS = ['show', 'run', 'suspend', 'resume', 'delete'] as const;

interface Options extends ApiOptions {
  readonly limit: string;
  readonly json?: true;
}

/** The answer as it came, and what is said of it. */
interface Told {
  readonly answer: unknown;
  readonly lines: readonly string[];
}

/** `millrace schedules`: jobs that are submitted again and again. */
export function schedulesCommand(print: (line: string) => void, environment: NodeJS.ProcessEnv): Command {
  return withApi(new Command('schedules'), environment)
    .description('Lists schedules; with one, its ticks and runs, or runs it now, suspends, resumes or deletes it.')
    .argument('[schedule]', 'name or id')
    .argument('[action]', ACTIONS.join(', '), 'show')
    .option('--limit <n>', 'schedules or runs shown', '50')
    .option('--json', 'the answer of the API as it is')
    .action(async (schedule: string | undefined, action: string, options: Options) => {
      const rest = await restClient(options, environment);
      const { answer, lines } =
        schedule === undefined ? await list(rest, options) : await act(rest, schedule, action, options);
      if (options.json) print(JSON.stringify(answer));
      else for (const line of lines) print(line);
    });
}

async function list(rest: RestClient, { limit }: Options): Promise<Told> {
  const answer = await rest.get<{ readonly items: readonly ScheduleView[] }>(`schedules?limit=${limit}`);
  return { answer, lines: schedulesLines(answer.items) };
}

async function act(rest: RestClient, schedule: string, action: string, { limit }: Options): Promise<Told> {
  const path = `schedules/${encodeURIComponent(schedule)}`;
  if (action === 'show') {
    const shown = await rest.get<ScheduleView>(path);
    const runs = await rest.get<{ readonly items: readonly RunView[] }>(`${path}/runs?limit=${limit}`);
    return { answer: { ...shown, runs: runs.items }, lines: [...scheduleLines(shown), ...runLines(runs.items)] };
  }
  if (action === 'run') {
    const run = await rest.post<RunView>(`${path}/run`);
    return { answer: run, lines: [`job ${run.jobName} is ${run.outcome}`, `watch it: millrace jobs ${run.jobName}`] };
  }
  if (action === 'suspend' || action === 'resume') {
    const now = await rest.post<ScheduleView>(`${path}/${action}`);
    return { answer: now, lines: scheduleLines(now) };
  }
  if (action === 'delete') {
    await rest.delete(path);
    return { answer: {}, lines: [`schedule ${schedule} is deleted; its jobs stay`] };
  }
  throw new MillraceError(BadScheduleAction, {
    message: `there is no action "${action}"`,
    mend: `Actions: ${ACTIONS.join(', ')}.`,
  });
}
