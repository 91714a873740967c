import { Catalog } from '@millrace/catalog';
import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiQuery, ApiTags } from '@nestjs/swagger';
import { Answers, IdPath, ListQuery, Posts } from '../http/api-docs.ts';
import { type PageQuery, type PageView, pageQuerySchema, pageRequest, pageView } from '../http/page-query.ts';
import { RequestId } from '../http/request-id.ts';
import { ResourceId } from '../http/resource-id.ts';
import { type DeletedJobView, deletedJobSchema, type SubmitQuery, submitQuerySchema } from '../jobs/job.schemas.ts';
import { CreateSubscriptionUseCase } from './create-subscription.use-case.ts';
import { DeleteSubscriptionUseCase } from './delete-subscription.use-case.ts';
import {
  type CreateSubscription,
  createdSubscriptionSchema,
  createSubscriptionSchema,
  type SubscriptionDetailView,
  type SubscriptionView,
  subscriptionDetailSchema,
  subscriptionPageSchema,
} from './subscription.schemas.ts';
import { SubscriptionDelivery } from './subscription-delivery.ts';
import { partitionsOf, SUBSCRIPTION_SINK, subscriptionView } from './subscription-document.ts';

@ApiTags('subscriptions')
@Controller('api/v1/subscriptions')
export class SubscriptionsController {
  constructor(
    private readonly catalog: Catalog,
    private readonly createSubscription: CreateSubscriptionUseCase,
    private readonly deleteSubscription: DeleteSubscriptionUseCase,
    private readonly delivery: SubscriptionDelivery,
  ) {}

  @Post()
  @Posts('Has the changes of tables brought to the handlers of a consumer: makes a job of that name.')
  @ApiQuery({ name: 'check', required: false, schema: { type: 'string', enum: ['true', 'false'], default: 'true' } })
  @Answers(201, createdSubscriptionSchema)
  create(
    @ResourceId() id: string,
    @Query({ schema: submitQuerySchema }) { check }: SubmitQuery,
    @Body({ schema: createSubscriptionSchema }) body: CreateSubscription,
  ): Promise<SubscriptionView & { readonly warnings: unknown }> {
    return this.createSubscription.execute(id, body, check === 'true');
  }

  @Get()
  @ListQuery('Lists subscriptions in the order of their making.')
  @Answers(200, subscriptionPageSchema)
  async list(@Query({ schema: pageQuerySchema }) query: PageQuery): Promise<PageView<SubscriptionView>> {
    const page = await this.catalog.jobs.list(pageRequest(query), { sink: SUBSCRIPTION_SINK });
    const letters = await this.catalog.deadLetters.unresolved(page.items.map(({ id }) => id));
    return pageView(page, (job) => subscriptionView(job, letters.get(job.id)));
  }

  @Get(':id')
  @IdPath('Shows a subscription, how many changes wait and how many instances share the work.')
  @Answers(200, subscriptionDetailSchema)
  async get(@Param('id') id: string): Promise<SubscriptionDetailView> {
    const job = await this.catalog.jobs.get(id);
    const letters = (await this.catalog.deadLetters.unresolved([job.id])).get(job.id);
    const view = subscriptionView(job, letters);
    return { ...view, ...(await this.delivery.of(job.id, partitionsOf(job)).figures()) };
  }

  @Delete(':id')
  @IdPath('Ends the job of a subscription and deletes it with everything that waits.')
  @Answers(200, deletedJobSchema)
  delete(@Param('id') id: string, @RequestId() requestId: string): Promise<DeletedJobView> {
    return this.deleteSubscription.execute(id, requestId);
  }
}
