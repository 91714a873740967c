import { Catalog, type Job, type JobInput } from '@millrace/catalog';
import { ConnectorRegistry, type Finding } from '@millrace/connector-contract';
import { errorCode, MillraceError, suggestNames } from '@millrace/kernel';
import {
  type InputIssue,
  InvalidPipeline,
  isModuleJob,
  jsonPointer,
  ModuleWithoutFunction,
  type ParsedPipeline,
  parseModuleJob,
  parsePipeline,
  quoteName,
  stagesOfUses,
} from '@millrace/pipeline';
import { Injectable } from '@nestjs/common';
import { inputInvalid } from '../http/errors.ts';
import { straySecrets } from '../http/stray-secrets.ts';
import { exportsOfModule, planModule } from '../modules/module-plan.ts';
import { Executions } from '../queue/executions.ts';
import { PreflightRun } from './preflight.ts';
import { type StageDefinition, stageDefinitions } from './stage-definitions.ts';
import { unsteadyIssues } from './unsteady-issues.ts';

export const PreflightFailed = errorCode('job.preflight_failed', {
  domain: 'user',
  retry: 'after-repair',
  title: 'The systems of the job cannot do it yet',
});

/** A job that could be made. */
export interface PreparedJob {
  readonly input: JobInput;
  readonly warnings: readonly Finding[];
}

/** Checks a job document in full, keeps it, and has it run. */
@Injectable()
export class SubmitJobUseCase {
  constructor(
    private readonly catalog: Catalog,
    private readonly registry: ConnectorRegistry,
    private readonly executions: Executions,
  ) {}

  /** @param check ask the systems of the job as well, not only the document */
  async execute(
    id: string,
    document: unknown,
    check: boolean,
  ): Promise<{ readonly job: Job; readonly warnings: readonly Finding[] }> {
    const { input, warnings } = await this.prepare(id, document, check);
    return { job: await this.#create(id, input), warnings };
  }

  /**
   * All of it but keeping the job.
   * @param known what is wrong with the document already; told with the rest
   */
  async prepare(
    id: string,
    document: unknown,
    check: boolean,
    known: readonly InputIssue[] = [],
  ): Promise<PreparedJob> {
    const stray = straySecrets(document);
    if (stray.length > 0) throw inputInvalid(stray);
    if (isModuleJob(document)) return { input: await this.#prepareModule(document, known), warnings: [] };
    const { pipeline, stages } = await this.#validate(document, known);
    const warnings = check ? await this.#preflight(id, pipeline, stages) : [];
    const { name, document: kept, module } = pipeline;
    if (module !== undefined) await this.#checkFunctions(module, pipeline);
    return { input: { name, document: kept, uses: usesOf(stages), module }, warnings };
  }

  /** A job written in TypeScript: its module is asked for the pipeline, and what that names is checked. */
  async #prepareModule(given: unknown, known: readonly InputIssue[]): Promise<JobInput> {
    if (known.length > 0) throw refused(InvalidPipeline, known);
    const { document } = parseModuleJob(given);
    const code = await this.catalog.modules.code(document.module);
    const { uses } = await planModule(code, document.export, document.options);
    const { stages, issues } = await stageDefinitions({ stages: stagesOfUses(uses) }, this.catalog, this.registry);
    if (issues.length > 0) throw refused(InvalidPipeline, issues);
    const { name, module } = document;
    return { name, document: { ...document, uses }, uses: usesOf(stages), module };
  }

  /** The functions that stages call are asked for, in the module. */
  async #checkFunctions(module: string, { stages }: ParsedPipeline): Promise<void> {
    const kinds = await exportsOfModule(await this.catalog.modules.code(module));
    const issues = stages.flatMap((stage): InputIssue[] => {
      if (stage.kind !== 'mapAsync') return [];
      const { export: name } = stage.spec.mapAsync;
      if (kinds[name] === 'function') return [];
      const functions = Object.keys(kinds).filter((each) => kinds[each] === 'function');
      return [
        {
          code: ModuleWithoutFunction.code,
          message: `stage ${quoteName(stage.name)} calls ${quoteName(name)}, which is ${kinds[name] === undefined ? 'not an export' : 'no function'} of the module`,
          mend: suggestNames('function', name, functions),
          pointer: jsonPointer(['stages', stage.name, 'mapAsync', 'export']),
        },
      ];
    });
    if (issues.length > 0) throw refused(InvalidPipeline, issues);
  }

  async #create(id: string, input: JobInput): Promise<Job> {
    const job = await this.catalog.jobs.create(id, input);
    await this.executions.submit(job.id, job.version);
    await this.executions.poke(job.id);
    return job;
  }

  /** Errors of the document's shape, of its graph and of the connectors' options, all at once. */
  async #validate(
    document: unknown,
    known: readonly InputIssue[],
  ): Promise<{ readonly pipeline: ParsedPipeline; readonly stages: readonly StageDefinition[] }> {
    const { stages, issues } = await stageDefinitions(document, this.catalog, this.registry);
    let pipeline: ParsedPipeline;
    try {
      pipeline = parsePipeline(document);
    } catch (error) {
      if (!(error instanceof MillraceError) || error.code !== InvalidPipeline) throw error;
      throw refused(InvalidPipeline, [...known, ...(error.details.errors as readonly InputIssue[]), ...issues]);
    }
    const all = [...known, ...issues, ...unsteadyIssues(pipeline, stages)];
    if (all.length > 0) throw refused(InvalidPipeline, all);
    return { pipeline, stages };
  }

  async #preflight(
    id: string,
    pipeline: ParsedPipeline,
    stages: readonly StageDefinition[],
  ): Promise<readonly Finding[]> {
    const { issues, warnings } = await new PreflightRun(this.catalog, id, pipeline, stages).run();
    if (issues.length > 0) throw refused(PreflightFailed, issues);
    return warnings;
  }
}

function usesOf(stages: readonly StageDefinition[]): JobInput['uses'] {
  const named = (role: StageDefinition['role']): readonly string[] =>
    stages.filter((stage) => stage.role === role).map(({ definition }) => definition.name);
  return { source: named('source'), sink: named('sink') };
}

function refused(code: typeof PreflightFailed, errors: readonly InputIssue[]): MillraceError {
  const [first] = errors;
  const more = errors.length === 1 ? '' : `${errors.length} things are wrong with the job; the first: `;
  return new MillraceError(code, {
    message: `${more}${first!.message}`,
    mend: first!.mend,
    pointer: first!.pointer,
    details: { errors },
  });
}
