import { createHash } from 'node:crypto';
import type { ListenOptions } from 'node:net';
import { type JobIdentity, listenPlace } from '@millrace/connector-contract';
import { MillraceError, parseSizeBytes } from '@millrace/kernel';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { CannotListen } from '../errors.ts';
import type { EndpointConfig, EndpointStage } from './config.ts';

const WHO_PATH = '/.millrace';
const WHO_MS_MAX = 2_000;
const REQUEST_MS_MAX = 30_000;
const CONNECTIONS_MAX = 10_000;

export interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  /** Seconds. */
  readonly retryAfter?: number | undefined;
}

export type Handle = (headers: FastifyRequest['headers'], body: Buffer) => Promise<Reply>;

/** The port of a source. An execution shares it with an older one of its job that is still there, and with nobody else. */
export class Endpoint {
  readonly #app: FastifyInstance;
  readonly #place: { readonly host: string; readonly port: number };
  readonly #who: string;

  constructor(config: EndpointConfig, stage: EndpointStage, { jobId, stage: name }: JobIdentity, handle: Handle) {
    this.#place = listenPlace(config.listen)!;
    this.#who = createHash('sha256').update(`${jobId}\0${name}`).digest('hex');
    const app = fastify({
      bodyLimit: parseSizeBytes(stage.body)!,
      requestTimeout: REQUEST_MS_MAX,
      forceCloseConnections: true,
    });
    app.server.maxConnections = CONNECTIONS_MAX;
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    app.get(WHO_PATH, () => ({ who: this.#who }));
    app.post(config.path, async (request, response) => {
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const reply = await handle(request.headers, body);
      if (reply.retryAfter !== undefined) response.header('retry-after', String(reply.retryAfter));
      return response.code(reply.status).send(reply.body);
    });
    this.#app = app;
  }

  /** @throws MillraceError `http.cannot_listen` */
  async open(): Promise<void> {
    await this.#refuseOthers();
    const options: ListenOptions = { ...this.#place, reusePort: process.platform === 'linux' };
    try {
      await this.#app.listen(options);
    } catch (error) {
      throw this.#cannotListen((error as NodeJS.ErrnoException).code ?? (error as Error).message);
    }
  }

  async close(): Promise<void> {
    await this.#app.close();
  }

  /** Who listens already may be an older execution of this job, and nobody else. @throws MillraceError */
  async #refuseOthers(): Promise<void> {
    const { host, port } = this.#place;
    const near = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
    const url = `http://${near.includes(':') ? `[${near}]` : near}:${port}${WHO_PATH}`;
    let who: unknown;
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(WHO_MS_MAX), redirect: 'error' });
      who = ((await answer.json()) as { readonly who?: unknown }).who;
    } catch (error) {
      const isFree = ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED';
      if (isFree) return;
    }
    if (who !== this.#who) throw this.#cannotListen('something else listens there');
  }

  #cannotListen(reason: string): MillraceError {
    const { host, port } = this.#place;
    return new MillraceError(CannotListen, {
      message: `can't listen at ${host} port ${port}: ${reason}`,
      mend: 'Give each job with such a source a port of its own that is free on every worker, and an address that workers have.',
    });
  }
}
