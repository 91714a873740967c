import { type Clock, MillraceError, type Random } from '@millrace/kernel';
import { persist, Transient } from '../cluster/retry.ts';
import { RegistryRefused, RegistryUnreachable } from '../errors.ts';

const REQUEST_MS_MAX = 10_000;
/** Of an answer; schemas beyond are refused by registries themselves. */
const ANSWER_BYTES_MAX = 4 * 1_024 * 1_024;
const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json';
const TOO_MANY_REQUESTS = 429;
const SERVER_ERROR = 500;
const UNAUTHORIZED = 401;
const FORBIDDEN = 403;
const NOT_FOUND = 404;

export interface RegistryAddress {
  /** Without a slash at its end. */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

export interface RegistryHttpOptions {
  readonly address: RegistryAddress;
  readonly clock: Clock;
  readonly random: Random;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
  /** How long a registry may be away before a request fails. */
  readonly patienceMs: number;
}

export interface RegistryAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** What a registry says of an error. https://docs.confluent.io/platform/current/schema-registry/develop/api.html#errors */
export interface RegistryError {
  readonly error_code?: number;
  readonly message?: string;
}

/** Requests to a registry, made again while it is away. */
export class RegistryHttp {
  readonly #options: RegistryHttpOptions;

  constructor(options: RegistryHttpOptions) {
    this.#options = options;
  }

  get url(): string {
    return this.#options.address.url;
  }

  /**
   * @throws MillraceError `kafka.registry_unreachable`, or `kafka.registry_refused` when the login is wrong or the address is not a registry's; any other
   *   answer is the caller's
   */
  request(method: 'GET' | 'POST', path: string, body?: unknown): Promise<RegistryAnswer> {
    const { clock, random, signal, patienceMs, address } = this.#options;
    const giveUp = (reason: string): MillraceError =>
      new MillraceError(RegistryUnreachable, {
        message: `the schema registry at ${address.url} does not answer: ${reason}`,
        mend: 'Check schemaRegistry.url, and that the registry runs. Nothing is lost: the job goes on where it was.',
        pointer: '/schemaRegistry/url',
      });
    const attempt = (): Promise<RegistryAnswer> => this.#attempt(method, path, body);
    return persist(attempt, { clock, random, signal, withinMs: patienceMs, giveUp });
  }

  async #attempt(method: 'GET' | 'POST', path: string, body: unknown): Promise<RegistryAnswer> {
    const { address, signal } = this.#options;
    const headers: Record<string, string> = { accept: `${MEDIA_TYPE}, application/json` };
    if (body !== undefined) headers['content-type'] = MEDIA_TYPE;
    if (address.username !== undefined) {
      const login = Buffer.from(`${address.username}:${address.password ?? ''}`).toString('base64');
      headers['authorization'] = `Basic ${login}`;
    }
    let answer: Response;
    let text: string;
    try {
      answer = await fetch(`${address.url}${path}`, {
        method,
        headers,
        signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS_MAX)]),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      text = await boundedText(answer);
    } catch (error) {
      signal.throwIfAborted();
      throw new Transient(reasonOf(error));
    }
    const { status } = answer;
    if (status === TOO_MANY_REQUESTS || status >= SERVER_ERROR) throw new Transient(`HTTP ${status}`);
    if (status === UNAUTHORIZED || status === FORBIDDEN) throw this.#refused(status);
    return { status, body: this.#parsed(status, text) };
  }

  #parsed(status: number, text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      const hint = status === NOT_FOUND ? ' (HTTP 404)' : '';
      throw new MillraceError(RegistryRefused, {
        message: `what answers at ${this.url} is no schema registry${hint}`,
        mend: 'schemaRegistry.url is the address that /subjects follows, such as http://registry:8081, or http://apicurio:8080/apis/ccompat/v7.',
        pointer: '/schemaRegistry/url',
      });
    }
  }

  #refused(status: number): MillraceError {
    return new MillraceError(RegistryRefused, {
      message: `the schema registry at ${this.url} refuses ${status === UNAUTHORIZED ? 'user or password' : 'this user'} (HTTP ${status})`,
      mend: 'Check schemaRegistry.username and registryPassword; the user reads schemas, and writes those of its subjects unless registerSchemas is false.',
      pointer: '/schemaRegistry',
    });
  }
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
}

async function boundedText(answer: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of answer.body ?? []) {
    size += part.length;
    if (size > ANSWER_BYTES_MAX) throw new Error(`an answer of more than ${ANSWER_BYTES_MAX} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}
