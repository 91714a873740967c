import { Catalog } from '@millrace/catalog';
import {
  buildGraph,
  explainPlan,
  isModuleJob,
  type PlanExplanation,
  parseModuleJob,
  parsePipeline,
  planGraph,
  planGraphviz,
  planMermaid,
  planText,
} from '@millrace/pipeline';
import { Injectable } from '@nestjs/common';
import { inputInvalid } from '../http/errors.ts';
import { straySecrets } from '../http/stray-secrets.ts';
import { PLAN_THREADS, planModule } from '../modules/module-plan.ts';
import type { PlanQuery } from './job.schemas.ts';

const DRAWINGS = { text: planText, dot: planGraphviz, mermaid: planMermaid } as const;

/** Shows how a job would run, without making it. */
@Injectable()
export class PlanJobUseCase {
  constructor(private readonly catalog: Catalog) {}

  /** @throws MillraceError `input.invalid`, `pipeline.invalid`, `module.unknown`, `module.failed` */
  async execute(
    document: unknown,
    format: PlanQuery['format'],
  ): Promise<PlanExplanation & { readonly drawing?: string }> {
    const stray = straySecrets(document);
    if (stray.length > 0) throw inputInvalid(stray);
    const explanation = await this.#explain(document);
    return format === 'json' ? explanation : { ...explanation, drawing: DRAWINGS[format](explanation) };
  }

  async #explain(document: unknown): Promise<PlanExplanation> {
    if (!isModuleJob(document))
      return explainPlan(planGraph(buildGraph(parsePipeline(document)), { threads: PLAN_THREADS }));
    const { module, export: exportName, options } = parseModuleJob(document).document;
    return (await planModule(await this.catalog.modules.code(module), exportName, options)).explanation;
  }
}
