import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { errorCode, MillraceError } from '@millrace/kernel';
import { Command } from 'commander';
import { parse as parseYaml } from 'yaml';
import { type ApiOptions, restClient, withApi } from '../access/api-options.ts';
import type { RestClient } from '../rest-client.ts';
import { bundleJob } from './bundle-job.ts';

export const BadJobFile = errorCode('cli.bad_job_file', { domain: 'user', retry: 'never', title: 'Not a job file' });

const TYPESCRIPT = new Set(['.ts', '.mts', '.js', '.mjs']);

interface Options extends ApiOptions {
  readonly name?: string;
  readonly options?: string;
  readonly export?: string;
  readonly snapshotInterval?: string;
  readonly dryRun?: true;
}

interface Submitted {
  readonly id: string;
  readonly name: string;
  readonly status: string;
}

/** `millrace submit`: a job written in TypeScript, or a document. */
export function submitCommand(print: (line: string) => void, environment: NodeJS.ProcessEnv): Command {
  return withApi(new Command('submit'), environment)
    .description('Has a job run: a TypeScript module that exports a pipeline, or a document.')
    .argument('<file>', 'job.ts, job.json or job.yaml')
    .option('--name <name>', 'name of the job; by default that of the file')
    .option('--options <json>', 'what the export is called with')
    .option('--export <name>', 'the export that is, or makes, the pipeline')
    .option('--snapshot-interval <duration>', 'how often a snapshot is taken')
    .option('--dry-run', 'bundle and show the plan, have nothing run')
    .action(async (file: string, options: Options) =>
      submit(file, options, { rest: await restClient(options, environment), print }),
    );
}

async function submit(
  file: string,
  options: Options,
  { rest, print }: { readonly rest: RestClient; readonly print: (line: string) => void },
): Promise<void> {
  const document = TYPESCRIPT.has(extname(file)) ? await moduleJob(file, options, rest, print) : await documentIn(file);
  if (options.dryRun) {
    const { drawing } = await rest.post<{ readonly drawing: string }>('jobs/plan?format=text', document);
    print(drawing);
    return;
  }
  const { id, name, status } = await rest.post<Submitted>('jobs', document);
  print(`job ${name} (${id}) is ${status}`);
  print(`watch it: curl ${options.api}/api/v1/jobs/${name}`);
}

/** `millrace upload`: a module with functions that the `mapAsync` stages of documents call. */
export function uploadCommand(print: (line: string) => void, environment: NodeJS.ProcessEnv): Command {
  return withApi(new Command('upload'), environment)
    .description('Uploads a TypeScript module whose functions mapAsync stages call, and prints its hash.')
    .argument('<file>', 'functions.ts')
    .action(async (file: string, options: ApiOptions) => {
      const { sha256 } = await upload(file, await restClient(options, environment));
      print(sha256);
    });
}

/** Bundles a file with what it imports and uploads it. */
async function upload(
  file: string,
  rest: RestClient,
): Promise<{ readonly sha256: string; readonly byteLength: number }> {
  return rest.post('modules', { code: await bundleJob(file) });
}

/** Uploads; the document names the module by its hash. */
async function moduleJob(
  file: string,
  options: Options,
  rest: RestClient,
  print: (line: string) => void,
): Promise<object> {
  const { sha256, byteLength } = await upload(file, rest);
  print(`uploaded ${sha256} (${byteLength} bytes)`);
  return {
    name: options.name ?? basename(file, extname(file)).replace(/[^\w-]/g, '-'),
    module: sha256,
    ...(options.export === undefined ? {} : { export: options.export }),
    ...(options.snapshotInterval === undefined ? {} : { snapshotInterval: options.snapshotInterval }),
    ...(options.options === undefined ? {} : { options: parsed(options.options, '--options') }),
  };
}

/** What a JSON or YAML file holds. @throws MillraceError `cli.bad_job_file` */
export async function documentIn(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new MillraceError(BadJobFile, {
      message: `${file} cannot be read: ${error.message}`,
      mend: 'Give the path of a .ts, .json or .yaml file.',
    });
  });
  return /\.ya?ml$/.test(file) ? parsed(text, file, 'YAML', parseYaml) : parsed(text, file);
}

function parsed(text: string, what: string, language = 'JSON', parse: (text: string) => unknown = JSON.parse): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new MillraceError(BadJobFile, {
      message: `${what} is not ${language}: ${(error as Error).message}`,
      mend: `Write a ${language} document.`,
    });
  }
}
