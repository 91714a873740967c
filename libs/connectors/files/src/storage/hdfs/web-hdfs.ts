import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { MASK, MillraceError, maskSecrets } from '@millrace/kernel';
import { HdfsRefused, HdfsUnreachable, NotReadable, NotWritable } from '../../errors.ts';

const REDIRECT = 307;
const TIMEOUT_MS = 60_000;
const ANSWER_BYTES_MAX = 64 * 1_024 * 1_024;
const QUOTED_MAX = 300;
const SOCKETS_MAX = 16;

/** What the operating system would have said. */
const ERRNO: Readonly<Record<string, string>> = {
  FileNotFoundException: 'ENOENT',
  FileAlreadyExistsException: 'EEXIST',
  ParentNotDirectoryException: 'ENOTDIR',
  PathIsNotDirectoryException: 'ENOTDIR',
  NSQuotaExceededException: 'EDQUOT',
  DSQuotaExceededException: 'EDQUOT',
};
/** Another NameNode may do it. */
const STANDBY = new Set(['StandbyException', 'RetriableException']);

export interface WebHdfsOptions {
  /** `http://host:9870`; the one that is active is found. */
  readonly nameNodes: readonly string[];
  readonly user?: string | undefined;
  readonly delegationToken?: string | undefined;
  readonly ca?: string | undefined;
}

interface Sent {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** From the root of the file system. */
  readonly path: string;
  readonly op: string;
  readonly more?: Readonly<Record<string, string | number | boolean>>;
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
  readonly location: string | undefined;
}

/**
 * Requests of WebHDFS. https://hadoop.apache.org/docs/stable/hadoop-project-dist/hadoop-hdfs/WebHDFS.html
 *
 * By Node's own client: a DataNode answers `100 Continue` to whoever has not asked for it, which `fetch` takes for a broken answer.
 */
export class WebHdfs {
  readonly #options: WebHdfsOptions;
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: SOCKETS_MAX });
  readonly #https: HttpsAgent;
  #nameNode = 0;

  constructor(options: WebHdfsOptions) {
    this.#options = options;
    const { ca } = options;
    this.#https = new HttpsAgent({ keepAlive: true, maxSockets: SOCKETS_MAX, ...(ca === undefined ? {} : { ca }) });
  }

  /** Done by the NameNode. @throws errors as `Storage` */
  async ask<T>(sent: Sent): Promise<T> {
    const answer = await this.#atNameNode(sent);
    return JSON.parse(answer.body.toString()) as T;
  }

  /** Done by a DataNode: the NameNode says which. Not tried again, for what was written may be there. @throws errors as `Storage` */
  async send(sent: Sent, body?: Uint8Array): Promise<Buffer> {
    const { location } = await this.#atNameNode(sent, REDIRECT);
    // An empty file is read without a DataNode.
    if (location === undefined) return Buffer.alloc(0);
    const answer = await this.#request(location, sent.method, body);
    if (answer.status < 300) return answer.body;
    throw this.#refused(sent, answer);
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  async #atNameNode(sent: Sent, expected = 200): Promise<Answer> {
    const { nameNodes } = this.#options;
    for (let left = nameNodes.length; ; left--) {
      const node = this.#nameNode;
      let problem: unknown;
      try {
        const answer = await this.#request(this.#urlOf(nameNodes[node]!, sent), sent.method);
        if (answer.status === expected || answer.status < 300) return answer;
        problem = this.#refused(sent, answer);
        if (!STANDBY.has(exceptionOf(answer).exception)) throw problem;
      } catch (error) {
        if (error === problem || !(error instanceof MillraceError) || error.code !== HdfsUnreachable) throw error;
        problem = error;
      }
      if (left <= 1) throw problem;
      if (this.#nameNode === node) this.#nameNode = (node + 1) % nameNodes.length;
    }
  }

  #urlOf(nameNode: string, { path, op, more = {} }: Sent): string {
    const { user, delegationToken } = this.#options;
    const query = new URLSearchParams({ op });
    if (delegationToken !== undefined) query.set('delegation', delegationToken);
    else if (user !== undefined) query.set('user.name', user);
    for (const [name, value] of Object.entries(more)) query.set(name, String(value));
    const parts = path.split('/').map((part) => encodeURIComponent(part));
    return `${nameNode.replace(/\/$/, '')}/webhdfs/v1${parts.join('/')}?${query.toString()}`;
  }

  #request(address: string, method: string, body?: Uint8Array): Promise<Answer> {
    const url = new URL(address);
    const isTls = url.protocol === 'https:';
    return new Promise<Answer>((resolve, reject) => {
      const request = (isTls ? httpsRequest : httpRequest)(url, {
        method,
        agent: isTls ? this.#https : this.#http,
        timeout: TIMEOUT_MS,
        headers: {
          'user-agent': 'millrace',
          'content-type': 'application/octet-stream',
          ...(method === 'GET' ? {} : { 'content-length': body?.length ?? 0 }),
        },
      });
      request.on('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS / 1_000}s`)));
      request.on('error', reject);
      request.on('response', (response) => void bodyOf(response).then(resolve, reject));
      request.end(body);
    }).catch((error: unknown) => {
      throw unreachable(error, url.origin);
    });
  }

  #refused(sent: Sent, answer: Answer): Error {
    const { exception, message } = exceptionOf(answer);
    const errno = ERRNO[exception];
    if (errno !== undefined) return Object.assign(new Error(`${errno}: ${sent.path}`), { code: errno });
    const said = this.#quote(message === '' ? `status ${answer.status}` : message);
    const isRead = sent.method === 'GET' && sent.more?.['fsaction'] !== '-wx';
    const isDenied = /^(AccessControl|Security|Authorization|Authentication|InvalidToken)/.test(exception);
    if (isDenied || answer.status === 401)
      return new MillraceError(isRead ? NotReadable : NotWritable, {
        message: `HDFS does not allow ${sent.op} of ${sent.path}: ${said}`,
        mend: 'Give the user of the connection the right, or correct user or delegationToken. A token that has expired has to be replaced.',
        details: { path: sent.path, exception },
      });
    return new MillraceError(HdfsRefused, {
      message: `HDFS refuses ${sent.op} of ${sent.path}: ${said}`,
      mend: 'Look at the NameNode (safe mode, full DataNodes); the job tries again.',
      details: { path: sent.path, exception },
    });
  }

  #quote(text: string): string {
    const { delegationToken } = this.#options;
    const masked = delegationToken === undefined ? text : text.replaceAll(delegationToken, MASK);
    return maskSecrets(masked.split('\n')[0]!).slice(0, QUOTED_MAX);
  }
}

async function bodyOf(response: IncomingMessage): Promise<Answer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    parts.push(part);
    length += part.length;
    if (length > ANSWER_BYTES_MAX) throw new Error(`an answer is larger than ${ANSWER_BYTES_MAX} bytes`);
  }
  const isRedirect = response.statusCode === REDIRECT;
  return {
    status: response.statusCode!,
    body: Buffer.concat(parts),
    location: isRedirect ? response.headers.location : undefined,
  };
}

function exceptionOf({ body }: Answer): { readonly exception: string; readonly message: string } {
  try {
    const { RemoteException } = JSON.parse(body.toString()) as {
      readonly RemoteException?: { readonly exception?: string; readonly message?: string };
    };
    return { exception: RemoteException?.exception ?? '', message: RemoteException?.message ?? '' };
  } catch {
    return { exception: '', message: '' };
  }
}

/** Addresses hold the token: never a cause. */
function unreachable(error: unknown, origin: string): MillraceError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return new MillraceError(HdfsUnreachable, {
    message: `${origin} does not answer: ${code === '' ? message : code}`,
    mend: 'Look whether NameNode and DataNodes run, and whether the workers reach all of them under the names that the NameNode gives; the job tries again.',
  });
}
