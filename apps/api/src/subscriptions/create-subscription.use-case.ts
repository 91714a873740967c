import { Catalog, SinkNameTaken } from '@millrace/catalog';
import { MillraceError, ulids } from '@millrace/kernel';
import { Injectable } from '@nestjs/common';
import { CreateDefinitionUseCase } from '../definitions/create-definition.use-case.ts';
import { SubmitJobUseCase } from '../jobs/submit-job.use-case.ts';
import type { CreateSubscription, SubscriptionView } from './subscription.schemas.ts';
import { documentOf, SUBSCRIPTION_SINK, SUBSCRIPTION_TYPE, subscriptionView } from './subscription-document.ts';

/** Makes the job that brings the changes. */
@Injectable()
export class CreateSubscriptionUseCase {
  constructor(
    private readonly catalog: Catalog,
    private readonly createDefinition: CreateDefinitionUseCase,
    private readonly submitJob: SubmitJobUseCase,
  ) {}

  /** @throws MillraceError as a job that is submitted; `job.name_taken` when there is one of that name */
  async execute(
    id: string,
    given: CreateSubscription,
    check: boolean,
  ): Promise<SubscriptionView & { readonly warnings: unknown }> {
    await this.#ensureSink();
    const { job, warnings } = await this.submitJob.execute(id, documentOf(given), check);
    return { ...subscriptionView(job), warnings };
  }

  async #ensureSink(): Promise<void> {
    if ((await this.catalog.sinks.find(SUBSCRIPTION_SINK)) !== undefined) return;
    try {
      const definition = { name: SUBSCRIPTION_SINK, type: SUBSCRIPTION_TYPE, config: {} };
      await this.createDefinition.execute('sink', ulids.next(), definition);
    } catch (error) {
      // Another request was first.
      if (!(error instanceof MillraceError) || error.code !== SinkNameTaken) throw error;
    }
  }
}
