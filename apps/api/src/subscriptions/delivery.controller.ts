import { Catalog } from '@millrace/catalog';
import { toErrorRecord } from '@millrace/kernel';
import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { LRUCache } from 'lru-cache';
import { type Actor, Caller } from '../access/actor.ts';
import { NeedsRole } from '../access/roles.ts';
import { STREAMS_MAX, StreamSlots } from '../access/stream-slots.ts';
import { Answers, IdPath, Posts, QueryOf } from '../http/api-docs.ts';
import { EventStream } from './event-stream.ts';
import {
  type AttachQuery,
  attachQuerySchema,
  type RefusalAnswer,
  type RefusalBody,
  type ReportAnswer,
  type ReportBody,
  refusalAnswerSchema,
  refusalSchema,
  reportAnswerSchema,
  reportSchema,
} from './subscription.schemas.ts';
import { SubscriptionDelivery } from './subscription-delivery.ts';
import { partitionsOf } from './subscription-document.ts';

/** Subscriptions whose jobs are remembered, and for how long: instances report many times a second. */
const KNOWN_MAX = 1_000;
const KNOWN_MS = 5_000;

interface Known {
  readonly jobId: string;
  readonly partitions: number;
}

/** What instances of a service call. */
@ApiTags('subscriptions')
@Controller('api/v1/subscriptions/:id')
export class DeliveryController {
  readonly #known = new LRUCache<string, Known>({ max: KNOWN_MAX, ttl: KNOWN_MS });

  constructor(
    private readonly catalog: Catalog,
    private readonly delivery: SubscriptionDelivery,
    private readonly slots: StreamSlots,
  ) {}

  @Get('events')
  @NeedsRole('operator')
  @IdPath('Hands changes on to an instance of a service, as server-sent events, until it ends.')
  @ApiProduces('text/event-stream')
  @QueryOf(attachQuerySchema)
  @Answers(200)
  async events(
    @Param('id') id: string,
    @Query({ schema: attachQuerySchema }) { instance }: AttachQuery,
    @Caller() caller: Actor,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const known = await this.#find(id);
    const slot = this.slots.take(caller, STREAMS_MAX);
    const closed = new AbortController();
    const { raw } = reply;
    raw.once('close', () => closed.abort(new Error('the instance is gone')));
    reply.hijack();
    const headers = Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined);
    raw.writeHead(200, { ...Object.fromEntries(headers), 'content-type': 'text/event-stream' });
    const stream = new EventStream(raw);
    stream.beat();
    try {
      await this.delivery.attach({ ...known, instance }, stream, AbortSignal.any([closed.signal, slot.signal]));
    } catch (error) {
      const { code, message, mend, retry } = toErrorRecord(error);
      stream.failed({ code, message, mend, retry });
    } finally {
      slot.release();
      raw.end();
    }
  }

  @Post('report')
  @HttpCode(200)
  @NeedsRole('operator', { unaudited: true, uncounted: true })
  @IdPath('Acknowledges changes, gives partitions back, and says that the instance lives: at least every 5 seconds.')
  @Answers(200, reportAnswerSchema)
  async report(@Param('id') id: string, @Body({ schema: reportSchema }) body: ReportBody): Promise<ReportAnswer> {
    const { jobId, partitions } = await this.#find(id);
    const { isKnown, lost } = await this.delivery.of(jobId, partitions).report(body);
    return { isKnown, lost: [...lost] };
  }

  @Post('refusals')
  @HttpCode(200)
  @NeedsRole('operator', { unaudited: true })
  @Posts(
    'Keeps a change that a handler gives up as a dead letter of the job. It is acknowledged as any other after that.',
    {
      id: true,
    },
  )
  @Answers(200, refusalAnswerSchema)
  async refuse(@Param('id') id: string, @Body({ schema: refusalSchema }) body: RefusalBody): Promise<RefusalAnswer> {
    const { jobId, partitions } = await this.#find(id);
    const found = await this.delivery.of(jobId, partitions).find(body.instance, body);
    if (found === undefined) return { letter: null };
    return { letter: await this.delivery.letters.refuse(jobId, found, body) };
  }

  async #find(id: string): Promise<Known> {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const job = await this.catalog.jobs.get(id);
    const found = { jobId: job.id, partitions: partitionsOf(job) };
    this.#known.set(id, found);
    return found;
  }
}
