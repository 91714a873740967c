import { Command } from 'commander';
import { type ApiOptions, restClient, withApi } from '../access/api-options.ts';
import { type JobView, jobLines, jobsLines } from './jobs-report.ts';

interface Options extends ApiOptions {
  readonly limit: string;
  readonly json?: true;
}

/** `millrace jobs`: what became of each job; of one, the rows of its stages. */
export function jobsCommand(print: (line: string) => void, environment: NodeJS.ProcessEnv): Command {
  return withApi(new Command('jobs'), environment)
    .description('Lists jobs; with a job, when it ran and how many rows went through each stage.')
    .argument('[job]', 'name or id')
    .option('--limit <n>', 'jobs shown', '200')
    .option('--json', 'the answer of the API as it is')
    .action(async (job: string | undefined, options: Options) => {
      const rest = await restClient(options, environment);
      const path = job === undefined ? `jobs?limit=${options.limit}` : `jobs/${encodeURIComponent(job)}`;
      const answer = await rest.get<JobView & { readonly items: readonly JobView[] }>(path);
      if (options.json) print(JSON.stringify(answer));
      else for (const line of job === undefined ? jobsLines(answer.items) : jobLines(answer)) print(line);
    });
}
