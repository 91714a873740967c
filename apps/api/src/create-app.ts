import { Catalog, SecretBox } from '@millrace/catalog';
import type { ConnectorRegistry } from '@millrace/connector-contract';
import { type IdSource, ulids } from '@millrace/kernel';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { appModule } from './app.module.ts';
import { EtagInterceptor } from './http/etag.interceptor.ts';
import { IdempotencyInterceptor } from './http/idempotency.interceptor.ts';
import { openApiDocument } from './http/open-api.ts';
import { refuseForeignOrigin } from './http/origin-guard.ts';
import { ProblemFilter } from './http/problem.filter.ts';
import { refuseDeepBody } from './http/refuse-deep-body.ts';
import { SchemaPipe } from './http/schema.pipe.ts';
import { BODY_BYTES_MAX } from './http/to-millrace-error.ts';
import { NestLogger } from './nest-logger.ts';
import { Executions } from './queue/executions.ts';
import type { Settings } from './settings/settings.ts';
import { SubscriptionDelivery } from './subscriptions/subscription-delivery.ts';

export interface AppOptions {
  readonly settings: Settings;
  readonly registry: ConnectorRegistry;
  readonly log: Logger;
  /** Where `${env:NAME}` looks. */
  readonly env?: NodeJS.ProcessEnv;
  readonly ids?: IdSource;
}

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
      forceCloseConnections: true,
      frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
        filter.answer(error, request, reply),
      genReqId: ({ headers }: { headers: FastifyRequest['headers'] }) => {
        const given = headers['x-request-id'];
        return typeof given === 'string' && REQUEST_ID.test(given) ? given : ids.next();
      },
    });
    const app = await NestFactory.create<NestFastifyApplication>(
      appModule({ catalog, executions, subscriptions, registry, log, uploads: settings.uploads }),
      adapter,
      {
        logger: new NestLogger(log),
        abortOnError: false,
      },
    );
    app.useGlobalPipes(new SchemaPipe());
    app.useGlobalFilters(filter);
    app.useGlobalInterceptors(new EtagInterceptor(), new IdempotencyInterceptor(catalog, ids));
    adapter.getInstance().addHook('onRequest', async (request, reply) => {
      void reply
        .header('x-request-id', request.id)
        .header('cache-control', 'no-store')
        .header('x-content-type-options', 'nosniff');
      if (!settings.allowOpenApi) refuseForeignOrigin(request);
    });
    adapter.getInstance().addHook('preValidation', async ({ body }) => refuseDeepBody(body));
    const document = openApiDocument(app);
    adapter.getInstance().get('/api/openapi.json', (_request, reply) => reply.send(document));
    const fastify = adapter.getInstance();
    fastify.addHook('onClose', () => stack.disposeAsync());
    await app.init();
    await fastify.ready();
    return app;
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
