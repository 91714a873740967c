import cookie from '@fastify/cookie';
import { Catalog, SecretBox } from '@millrace/catalog';
import type { ConnectorRegistry } from '@millrace/connector-contract';
import { type Clock, type IdSource, systemClock, ulids } from '@millrace/kernel';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { addAccessHook } from './access/access-hook.ts';
import { Authenticator } from './access/authenticator.ts';
import { rateLimits } from './access/rate-limits.ts';
import type { AccessConfig } from './access/roles.ts';
import { StreamSlots } from './access/stream-slots.ts';
import { appModule } from './app.module.ts';
import { AuditInterceptor } from './audit/audit.interceptor.ts';
import { AuditRetention } from './audit/audit-retention.ts';
import { AuditTrail } from './audit/audit-trail.ts';
import { serveDashboard } from './dashboard/serve-dashboard.ts';
import { EtagInterceptor } from './http/etag.interceptor.ts';
import { IdempotencyInterceptor } from './http/idempotency.interceptor.ts';
import { openApiDocument } from './http/open-api.ts';
import { ProblemFilter } from './http/problem.filter.ts';
import { refuseDeepBody } from './http/refuse-deep-body.ts';
import { SchemaPipe } from './http/schema.pipe.ts';
import { securityHeaders } from './http/security-headers.ts';
import { BODY_BYTES_MAX } from './http/to-millrace-error.ts';
import { DeleteJobUseCase } from './jobs/delete-job.use-case.ts';
import { NestLogger } from './nest-logger.ts';
import { Executions } from './queue/executions.ts';
import { RunScheduleUseCase } from './schedules/run-schedule.use-case.ts';
import { ScheduleTicker } from './schedules/schedule-ticker.ts';
import { refuseOpenHost, type Settings } from './settings/settings.ts';
import { SubscriptionDelivery } from './subscriptions/subscription-delivery.ts';

export interface AppOptions {
  readonly settings: Settings;
  readonly registry: ConnectorRegistry;
  readonly log: Logger;
  /** Where `${env:NAME}` looks. */
  readonly env?: NodeJS.ProcessEnv;
  readonly ids?: IdSource;
  /** Of schedules. */
  readonly clock?: Clock;
}

/** A request, its body included, has to arrive within this time, its headers sooner. */
const REQUEST_MS_MAX = 30_000;
const HEADERS_MS_MAX = 15_000;
/** A connection on which nothing is sent for this long is closed; streams send a heartbeat more often. */
const IDLE_MS_MAX = 120_000;

/** A caller's own request id is kept if it is short and harmless in a log. */
const REQUEST_ID = /^[\w.:-]{1,64}$/;

/**
 * The API, migrated and wired, not yet listening. Closing it ends its connections.
 * @throws MillraceError `secret.key_invalid`, `catalog.unavailable`, `catalog.migration_locked`
 */
export async function createApp({
  settings,
  registry,
  log,
  env = process.env,
  ids = ulids,
  clock = systemClock,
}: AppOptions): Promise<NestFastifyApplication> {
  const stack = new AsyncDisposableStack();
  try {
    const secretBox = SecretBox.of(settings.secretKey, settings.secretKeysOld);
    const catalog = stack.use(await Catalog.open({ url: settings.databaseUrl, secretBox, env }));
    for (const repository of [catalog.sources, catalog.sinks]) {
      const lost = await repository.reseal();
      if (lost.length > 0)
        log.warn(
          { names: lost },
          `no key opens the secrets of these ${repository.role}s; write them again, or add the key to MILLRACE_SECRET_KEYS_OLD`,
        );
    }
    const executions = stack.use(await Executions.connect(settings.redisUrl, log));
    const subscriptions = stack.use(new SubscriptionDelivery(settings.redisUrl, settings.databaseUrl));
    const filter = new ProblemFilter(log);
    const adapter = new FastifyAdapter({
      bodyLimit: BODY_BYTES_MAX,
      requestTimeout: REQUEST_MS_MAX,
      connectionTimeout: IDLE_MS_MAX,
      http: { headersTimeout: HEADERS_MS_MAX },
      trustProxy: settings.trustedProxies.length === 0 ? false : [...settings.trustedProxies],
      forceCloseConnections: true,
      frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
        filter.answer(error, request, reply),
      genReqId: ({ headers }: { headers: FastifyRequest['headers'] }) => {
        const given = headers['x-request-id'];
        return typeof given === 'string' && REQUEST_ID.test(given) ? given : ids.next();
      },
    });
    const authenticator = new Authenticator(catalog, settings);
    if (await authenticator.isOpen()) refuseOpenHost(settings);
    const trail = new AuditTrail(catalog, log);
    const streams = stack.use(new StreamSlots((actor) => authenticator.mayStill(actor), systemClock));
    stack.use(new AuditRetention(catalog, { days: settings.auditDays, clock: systemClock, log }));
    const fastify = adapter.getInstance();
    await securityHeaders(fastify, settings.publicUrl);
    await fastify.register(cookie);
    const limits = await rateLimits(fastify, settings.rateLimit);
    const { publicUrl, uploads } = settings;
    const access = { authenticator, limits, trail, streams, publicUrl };
    const app = await NestFactory.create<NestFastifyApplication>(
      appModule({ catalog, executions, subscriptions, registry, log, clock, ids, uploads, access }),
      adapter,
      {
        logger: new NestLogger(log),
        abortOnError: false,
      },
    );
    app.useGlobalPipes(new SchemaPipe());
    app.useGlobalFilters(filter);
    app.useGlobalInterceptors(
      new EtagInterceptor(),
      new IdempotencyInterceptor(catalog, ids),
      new AuditInterceptor(trail),
    );
    fastify.addHook('onRequest', async (request, reply) => {
      void reply.header('x-request-id', request.id).header('cache-control', 'no-store');
    });
    addAccessHook(fastify, { authenticator, limits, trail, log });
    fastify.addHook('preValidation', async ({ body }) => refuseDeepBody(body));
    const document = openApiDocument(app);
    await serveDashboard(fastify);
    // The same for every installation, and what a client is made of before it has a key.
    fastify.get(
      '/api/openapi.json',
      { config: { access: 'anyone' } satisfies AccessConfig as object },
      (_request, reply) => reply.send(document),
    );
    fastify.addHook('onClose', () => stack.disposeAsync());
    await app.init();
    await fastify.ready();
    const parts = { catalog, runs: app.get(RunScheduleUseCase), deleteJob: app.get(DeleteJobUseCase), ids, clock, log };
    stack.use(new ScheduleTicker(parts));
    return app;
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
