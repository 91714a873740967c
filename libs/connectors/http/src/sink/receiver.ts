import type { KeyObject } from 'node:crypto';
import { AddressPolicy } from '@millrace/connector-contract';
import { type Clock, MASK, type MillraceError, maskSecrets, parseDurationMs } from '@millrace/kernel';
import { type Dispatcher, Pool } from 'undici';
import { guardedConnector } from '../address/guarded-connector.ts';
import { connectionError } from '../errors.ts';
import {
  ID_HEADER,
  SIGNATURE_HEADER,
  signatureOf,
  signingKey,
  TIMESTAMP_HEADER,
} from '../signature/standard-webhooks.ts';
import type { ReceiverConfig } from './config.ts';

/** Bytes of an answer that are read, and characters of it that are quoted. */
const ANSWER_BYTES_MAX = 16_384;
const QUOTED_MAX = 200;
/** An answer is read to its end so that its connection can be used again, but no longer than this. */
const MS_PER_S = 1_000;

export interface Answer {
  readonly status: number;
  /** The beginning of the body on one line, without secrets. */
  readonly quote: string;
  readonly retryAfter: string | undefined;
}

export interface SentRequest {
  readonly id: string;
  readonly method: 'POST' | 'PUT' | 'PATCH';
  readonly path: string | undefined;
  readonly body: Uint8Array;
}

/** The other end of a sink: signs requests, sends them over connections that are kept, and reads answers. */
export class Receiver {
  readonly origin: string;
  readonly #config: ReceiverConfig;
  readonly #url: URL;
  readonly #pool: Pool;
  readonly #keys: readonly KeyObject[];
  readonly #clock: Clock;

  /** @throws MillraceError `http.secret_malformed` */
  constructor(config: ReceiverConfig, clock: Clock, connections: number) {
    this.#config = config;
    this.#clock = clock;
    this.#url = new URL(config.url);
    this.origin = this.#url.origin;
    this.#keys = [config.secret, config.previousSecret].flatMap((secret) =>
      secret === undefined ? [] : [signingKey(secret)],
    );
    const timeoutMs = parseDurationMs(config.timeout)!;
    const connect = guardedConnector(new AddressPolicy(config.allow), { timeoutMs, ca: config.ca });
    this.#pool = new Pool(this.origin, {
      connect,
      connections,
      pipelining: 1,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
  }

  /** @throws MillraceError `http.unreachable`, `http.address_refused`, `http.certificate_refused`; the reason of the signal */
  async send(request: SentRequest, signal: AbortSignal): Promise<Answer> {
    try {
      const { statusCode, headers, body } = await this.#pool.request({
        method: request.method,
        path: this.#pathOf(request.path),
        headers: this.#headers(request),
        body: request.body,
        signal,
      });
      const retryAfter = headers['retry-after'];
      return {
        status: statusCode,
        quote: this.#quote(await beginningOf(body)),
        retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
      };
    } catch (error) {
      signal.throwIfAborted();
      throw this.#failure(error);
    }
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  #failure(error: unknown): MillraceError {
    return connectionError(error, this.origin);
  }

  #pathOf(path: string | undefined): string {
    const { pathname, search } = this.#url;
    return `${path === undefined ? pathname : pathname.replace(/\/$/, '') + path}${search}`;
  }

  #headers({ id, body }: SentRequest): Record<string, string> {
    const timestampS = Math.floor(this.#clock.nowMs() / MS_PER_S);
    const { authorization, headers } = this.#config;
    return {
      'content-type': 'application/json',
      'user-agent': 'millrace',
      ...headers,
      ...(authorization === undefined ? {} : { authorization }),
      [ID_HEADER]: id,
      [TIMESTAMP_HEADER]: String(timestampS),
      ...(this.#keys.length === 0
        ? {}
        : { [SIGNATURE_HEADER]: this.#keys.map((key) => signatureOf(key, id, timestampS, body)).join(' ') }),
    };
  }

  /** A receiver may send back what it was sent. */
  #quote(text: string): string {
    if (text === '') return text;
    const { authorization, secret, previousSecret } = this.#config;
    const own = [authorization, authorization?.split(' ').at(-1), secret, previousSecret].filter(
      (each) => each !== undefined,
    );
    const masked = own.reduce((quoted, each) => quoted.replaceAll(each, MASK), text);
    return maskSecrets(masked).replace(/\s+/g, ' ').trim().slice(0, QUOTED_MAX);
  }
}

async function beginningOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    parts.push(part);
    length += part.length;
    // Leaving the loop closes the connection.
    if (length >= ANSWER_BYTES_MAX) break;
  }
  return Buffer.concat(parts).subarray(0, ANSWER_BYTES_MAX).toString();
}
