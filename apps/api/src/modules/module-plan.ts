import { fork } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { assert, errorCode, MillraceError, systemClock } from '@millrace/kernel';
import type { ModuleSpec, PlanExplanation, UsedStage } from '@millrace/pipeline';

export const ModuleFailed = errorCode('module.failed', {
  domain: 'user',
  retry: 'never',
  title: 'The module does not make a pipeline',
});

/** How long a module may take to say what its pipeline is. */
const PLAN_MS_MAX = 10_000;
/** Heap of the process that it is asked in. */
const PLAN_HEAP_MB_MAX = 256;
/** Threads that plans are drawn for, where no worker is asked. */
export const PLAN_THREADS = 2;

export interface ModulePlan {
  readonly explanation: PlanExplanation;
  readonly uses: readonly UsedStage[];
}

/** What a module exports: by name the result of `typeof`. */
export type ModuleExports = Readonly<Record<string, string>>;

/** What the planning process is asked: for the pipeline of a module, or for what a module exports. */
export type PlanRequest = ModuleSpec | { readonly exportsOf: string };

/** What the planning process sends. */
export type PlanAnswer =
  | { readonly plan: ModulePlan }
  | { readonly exports: ModuleExports }
  | {
      readonly error: {
        readonly code: string | undefined;
        readonly message: string;
        readonly mend: string | undefined;
      };
    };

const IS_SOURCE = import.meta.url.endsWith('.ts');
const PROCESS = new URL(`./plan-process${IS_SOURCE ? '.ts' : '.js'}`, import.meta.url);

/**
 * Asks a module for its pipeline, in a process of its own with little memory, little time and no environment: it is a user's code, and this process
 * holds secrets.
 * @throws MillraceError `module.failed` with the module's own words
 */
export async function planModule(code: string, exportName: string, options: unknown): Promise<ModulePlan> {
  const answer = await withFile(code, (module) => ask({ module, exportName, options, threads: PLAN_THREADS }));
  assert('plan' in answer, 'the process answers what it was asked');
  return answer.plan;
}

/** Asks a module in the same way what it exports. @throws MillraceError `module.failed` */
export async function exportsOfModule(code: string): Promise<ModuleExports> {
  const answer = await withFile(code, (module) => ask({ exportsOf: module }));
  assert('exports' in answer, 'the process answers what it was asked');
  return answer.exports;
}

async function withFile<T>(code: string, use: (url: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-plan-'));
  try {
    const file = join(folder, 'job.mjs');
    await writeFile(file, code);
    return await use(pathToFileURL(file).href);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function ask(request: PlanRequest): Promise<Exclude<PlanAnswer, { error: unknown }>> {
  const child = fork(PROCESS, {
    execArgv: [`--max-old-space-size=${PLAN_HEAP_MB_MAX}`, ...(IS_SOURCE ? ['--conditions=source'] : [])],
    env: {},
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const answer = Promise.withResolvers<PlanAnswer>();
  child.once('message', (got) => answer.resolve(got as PlanAnswer));
  child.once('error', answer.reject);
  child.once('exit', (code, signal) => answer.reject(ended(code, signal)));
  const cancel = systemClock.timer(PLAN_MS_MAX, () => {
    const mend =
      'Only describe the pipeline when the module is loaded: no endless loops, no waiting for other systems.';
    answer.reject(failed(`the module did not say within ${PLAN_MS_MAX / 1_000} s what its pipeline is`, mend));
  });
  try {
    child.send(request);
    const got = await answer.promise;
    if (!('error' in got)) return got;
    throw failed(got.error.message, got.error.mend ?? 'Mend the module and submit it again.', got.error.code);
  } finally {
    cancel();
    child.kill('SIGKILL');
  }
}

/** Node.js aborts when its heap is full. */
const ended = (code: number | null, signal: NodeJS.Signals | null): MillraceError =>
  signal === 'SIGABRT' || signal === 'SIGTRAP' || signal === 'SIGILL'
    ? failed(
        `the module needs more than ${PLAN_HEAP_MB_MAX} MB to say what its pipeline is`,
        'Only describe the pipeline when the module is loaded; do the work in its stages.',
      )
    : failed(
        `the module ended the process that asked it for its pipeline (${signal ?? `exit code ${code}`})`,
        'Remove process.exit() from it.',
      );

const failed = (message: string, mend: string, cause?: string): MillraceError =>
  new MillraceError(ModuleFailed, {
    message,
    mend,
    pointer: '/module',
    details: cause === undefined ? {} : { cause },
  });
