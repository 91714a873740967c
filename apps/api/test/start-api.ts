import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import type { ConnectorRegistry } from '@millrace/connector-contract';
import { type Clock, maskSecrets } from '@millrace/kernel';
import { type TestDatabase, testPostgres, testRedis } from '@millrace/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { pino } from 'pino';
import { createApp } from '../src/create-app.ts';
import { readSettings } from '../src/settings/settings.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of all shapes
  readonly body: any;
  readonly text: string;
}

export interface TestApi extends AsyncDisposable {
  readonly app: NestFastifyApplication;
  readonly database: TestDatabase;
  readonly redisUrl: string;
  readonly secretKey: string;
  /** Everything the API has said so far: every answer and every line of its log. */
  readonly said: string[];
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

/** An API, called in process; on a fresh metadata database, or as one more beside another. */
export async function startApi(
  registry: ConnectorRegistry,
  env: NodeJS.ProcessEnv = {},
  { clock, beside }: { readonly clock?: Clock; readonly beside?: TestApi } = {},
): Promise<TestApi> {
  const [postgres, redis] = await Promise.all([testPostgres(), testRedis()]);
  const database = beside?.database ?? (await postgres.createDatabase('api'));
  const secretKey = beside?.secretKey ?? randomBytes(32).toString('base64');
  const said: string[] = [];
  const log = pino(
    { level: 'debug', hooks: { streamWrite: maskSecrets } },
    new Writable({
      write(chunk: Buffer, _, done) {
        said.push(chunk.toString());
        done();
      },
    }),
  );
  const settings = readSettings({
    MILLRACE_DATABASE_URL: database.url,
    MILLRACE_REDIS_URL: redis.url,
    MILLRACE_SECRET_KEY: secretKey,
    ...env,
  });
  const app = await createApp({ settings, registry, log, env, ...(clock === undefined ? {} : { clock }) });
  return {
    app,
    database,
    secretKey,
    redisUrl: redis.url,
    said,
    async request(method, path, body, headers = {}) {
      const isText = typeof body === 'string';
      const response = await app.inject({
        method: method as 'GET',
        url: path,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { payload: isText ? body : JSON.stringify(body) }),
      });
      said.push(`${JSON.stringify(response.headers)} ${response.payload}`);
      const text = response.payload;
      return {
        status: response.statusCode,
        headers: response.headers,
        body: /json/.test(String(response.headers['content-type'])) ? JSON.parse(text) : undefined,
        text,
      };
    },
    async [Symbol.asyncDispose]() {
      await app.close();
      if (beside === undefined) await database[Symbol.asyncDispose]();
    },
  };
}
