import { isCertificateCode } from '@millrace/connector-contract';
import { MASK, MillraceError, maskSecrets, parseDurationMs } from '@millrace/kernel';
import { type Dispatcher, Pool } from 'undici';
import type { ConnectionOptions } from '../config.ts';
import { CertificateRefused, LoginRefused, NotAllowed, Unreachable } from '../errors.ts';

const ANSWER_BYTES_MAX = 64 * 1_024 * 1_024;
const QUOTED_MAX = 300;
const UNAUTHORIZED = 401;
const FORBIDDEN = 403;
/** The server quotes values of rows. */
const QUOTED_VALUE = /(Preview of field's value: ).*|(For input string: ).*/s;

export interface Answer {
  readonly status: number;
  /** Parsed; the text where it is no JSON, `undefined` where there is none. */
  readonly body: unknown;
}

export interface ClusterRequest {
  readonly method: Dispatcher.HttpMethod;
  /** With its query. */
  readonly path: string;
  readonly json?: unknown;
  /** Lines of JSON, in place of `json`. */
  readonly lines?: Uint8Array;
  readonly signal?: AbortSignal | undefined;
}

/** A cluster over HTTP: one node at a time, the next when that is away. */
export class Cluster {
  readonly #config: ConnectionOptions;
  readonly #pools: readonly { readonly url: URL; readonly pool: Pool }[];
  readonly #authorization: string | undefined;
  #node = 0;

  constructor(config: ConnectionOptions, connections: number) {
    const { user, password, apiKey, ca, nodes, timeout } = config;
    const timeoutMs = parseDurationMs(timeout)!;
    this.#config = config;
    this.#authorization =
      apiKey !== undefined
        ? `ApiKey ${apiKey}`
        : user !== undefined
          ? `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
          : undefined;
    this.#pools = nodes.map((node) => {
      const url = new URL(node);
      const pool = new Pool(url.origin, {
        connections,
        pipelining: 1,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        connect: { timeout: timeoutMs, ...(ca === undefined ? {} : { ca }) },
      });
      return { url, pool };
    });
  }

  /** Where requests go at the moment, for messages. */
  get origin(): string {
    return this.#pools[this.#node]!.url.origin;
  }

  /**
   * Any answer but those about the login.
   * @throws MillraceError `opensearch.unreachable` (the next request goes to the next node), `opensearch.login_refused`, `opensearch.not_allowed`, `opensearch.certificate_refused`; the reason of the signal
   */
  async request(request: ClusterRequest): Promise<Answer> {
    const node = this.#node;
    let answer: Answer;
    try {
      answer = await this.#send(node, request);
    } catch (error) {
      request.signal?.throwIfAborted();
      if (this.#node === node) this.#node = (node + 1) % this.#pools.length;
      throw unreachable(error, this.#pools[node]!.url.origin);
    }
    if (answer.status === UNAUTHORIZED)
      throw new MillraceError(LoginRefused, {
        message: `${this.origin} refuses the login: ${this.reasonOf(answer)}`,
        mend: 'Correct user and password, or apiKey, of the connection.',
      });
    if (answer.status === FORBIDDEN && typeOf(answer) === 'security_exception')
      throw new MillraceError(NotAllowed, {
        message: `${this.origin} does not allow ${request.method} ${request.path.split('?')[0]}: ${this.reasonOf(answer)}`,
        mend: 'Give the user the rights that docs/opensearch.md names.',
      });
    return answer;
  }

  /** Asks each node once. @throws MillraceError as `request` */
  async ask(request: ClusterRequest): Promise<Answer> {
    for (let left = this.#pools.length; ; left--) {
      try {
        return await this.request(request);
      } catch (error) {
        if (left === 1 || !(error instanceof MillraceError) || error.code !== Unreachable) throw error;
      }
    }
  }

  /** What an answer says is wrong, on one line, without secrets and values of rows. */
  reasonOf({ status, body }: Answer): string {
    const { reason } = errorOf(body);
    return this.quote(reason ?? (typeof body === 'string' && body !== '' ? body : `status ${status}`));
  }

  quote(text: string): string {
    const { password, apiKey } = this.#config;
    const own = [password, apiKey].filter((each) => each !== undefined);
    const masked = own.reduce((quoted, each) => quoted.replaceAll(each, MASK), text);
    return maskSecrets(masked.replace(QUOTED_VALUE, '$1$2…')).replace(/\s+/g, ' ').trim().slice(0, QUOTED_MAX);
  }

  async close(): Promise<void> {
    await Promise.all(this.#pools.map(({ pool }) => pool.destroy()));
  }

  async #send(node: number, { method, path, json, lines, signal }: ClusterRequest): Promise<Answer> {
    const { url, pool } = this.#pools[node]!;
    const body = lines ?? (json === undefined ? undefined : JSON.stringify(json));
    const type = lines === undefined ? 'application/json' : 'application/x-ndjson';
    const answer = await pool.request({
      method,
      path: url.pathname.replace(/\/$/, '') + path,
      headers: {
        'user-agent': 'millrace',
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': type }),
        ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }),
      },
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
    return { status: answer.statusCode, body: parsed(await textOf(answer.body)) };
  }
}

const parsed = (text: string): unknown => {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
};

async function textOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    parts.push(part);
    length += part.length;
    if (length > ANSWER_BYTES_MAX) throw new Error(`an answer is larger than ${ANSWER_BYTES_MAX} bytes`);
  }
  return Buffer.concat(parts).toString();
}

/** `error` of an answer, or of an item of one. */
export function errorOf(body: unknown): { readonly type?: string; readonly reason?: string } {
  const { error } = (typeof body === 'object' && body !== null ? body : {}) as { readonly error?: unknown };
  if (typeof error === 'string') return { reason: error };
  return (error ?? {}) as { readonly type?: string; readonly reason?: string };
}

export const typeOf = ({ body }: Answer): string | undefined => errorOf(body).type;

/** Errors of the client may hold headers: never a cause. */
function unreachable(error: unknown, origin: string): MillraceError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (isCertificateCode(code))
    return new MillraceError(CertificateRefused, {
      message: `the certificate of ${origin} does not hold: ${code}`,
      mend: 'Have it renewed, or name its authority in the option ca.',
    });
  return new MillraceError(Unreachable, {
    message: `${origin} does not answer: ${code === '' ? message : code}`,
    mend: 'Look whether the cluster runs and can be reached from the workers; the job tries again.',
  });
}
