import { type Clock, MillraceError, type Random } from '@millrace/kernel';
import {
  DocumentNewer,
  IndexMissing,
  NotAllowed,
  Overloaded,
  RecordRefused,
  ServerRefused,
  Unreachable,
} from '../errors.ts';
import { type Answer, type Cluster, errorOf } from '../server/cluster.ts';
import { fenced } from './fence.ts';
import type { Indexes } from './indexes.ts';
import { type BulkItem, outcomeOf } from './item-outcome.ts';
import { bulkBody, type Operation } from './operation.ts';

const PAUSE_MS_MIN = 100;
const PAUSE_MS_MAX = 3_000;
const BAD_REQUEST = 400;
const TOO_LARGE = 413;
const TOO_MANY = 429;
const FILTER = 'filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason,error,status';

export interface BulkOptions {
  readonly cluster: Cluster;
  readonly indexes: Indexes;
  readonly pipeline: string;
  readonly refresh: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly patienceMs: number;
  /** How often an operation is tried again before it counts as refused. */
  readonly retries: number;
  readonly retried: () => void;
  readonly isOwn: (version: bigint) => boolean;
  /** A document has a version that this execution has not given. @throws MillraceError `opensearch.fenced` when a newer execution has */
  readonly checkFence: (signal: AbortSignal) => Promise<void>;
}

export interface Refused {
  readonly operation: Operation;
  readonly reason: MillraceError;
}

/** Writes operations by bulk requests until each is done, or it is known that it will not be. */
export class Bulk {
  readonly #options: BulkOptions;

  constructor(options: BulkOptions) {
    this.#options = options;
  }

  /**
   * Each document at most once among the operations.
   * @returns what the cluster refuses for what is in it
   * @throws MillraceError `opensearch.fenced`, `opensearch.overloaded`, `opensearch.unreachable` and others
   */
  async write(operations: readonly Operation[]): Promise<readonly Refused[]> {
    const { clock, random, signal, patienceMs, retries, retried } = this.#options;
    const refused: Refused[] = [];
    const attempts = new Map<Operation, number>();
    let left = operations;
    let deadlineMs = clock.monotonicMs() + patienceMs;
    for (let pauseMs = PAUSE_MS_MIN; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
      const attempt = await this.#attempt(left);
      if (attempt.isTooLarge === true) return [...refused, ...(await this.#halves(left))];
      const again: Operation[] = [...attempt.again];
      for (const each of attempt.refused) {
        const tried = (attempts.get(each.operation) ?? 0) + 1;
        attempts.set(each.operation, tried);
        if (tried > retries) refused.push(each);
        else again.push(each.operation);
      }
      if (again.length === 0) return refused;
      if (again.length < left.length) {
        // It takes something.
        deadlineMs = clock.monotonicMs() + patienceMs;
        pauseMs = PAUSE_MS_MIN;
      }
      left = again;
      const jitteredMs = pauseMs * (0.5 + random.next() / 2);
      if (attempt.error !== undefined && clock.monotonicMs() + jitteredMs > deadlineMs) throw attempt.error;
      retried();
      await clock.sleep(jitteredMs, signal);
    }
  }

  async #halves(operations: readonly Operation[]): Promise<readonly Refused[]> {
    const middle = operations.length >> 1;
    const first = await this.write(operations.slice(0, middle));
    return [...first, ...(await this.write(operations.slice(middle)))];
  }

  async #attempt(operations: readonly Operation[]): Promise<Attempt> {
    const { cluster, signal } = this.#options;
    let answer: Answer;
    try {
      answer = await this.#send(operations);
    } catch (error) {
      if (!(error instanceof MillraceError) || error.code !== Unreachable) throw error;
      return { again: operations, refused: [], error };
    }
    const { status } = answer;
    if (status < 300) return this.#itemsOf(operations, answer, signal);
    // The cluster finds fault with the whole: with halves it says whose it is.
    if (status === TOO_LARGE || status === BAD_REQUEST) {
      if (operations.length > 1) return { again: [], refused: [], isTooLarge: true };
      return {
        again: [],
        refused: [{ operation: operations[0]!, reason: this.#recordRefused(operations[0]!, answer) }],
      };
    }
    const reason = cluster.reasonOf(answer);
    if (status === TOO_MANY || status >= 500)
      return { again: operations, refused: [], error: overloaded(cluster.origin, reason) };
    throw new MillraceError(ServerRefused, {
      message: `${cluster.origin} refuses a bulk request: ${reason}`,
      mend: 'Look whether nodes is the address of a cluster of OpenSearch or Elasticsearch.',
    });
  }

  async #send(operations: readonly Operation[]): Promise<Answer> {
    const { cluster, indexes, pipeline, refresh, signal } = this.#options;
    for (const { index, schema } of new Map(operations.map((each) => [each.index, each])).values())
      await indexes.ensure(index, schema, signal);
    const path = `/_bulk?pipeline=${pipeline}&refresh=${refresh}&${FILTER}`;
    return cluster.request({ method: 'POST', path, lines: bulkBody(operations), signal });
  }

  async #itemsOf(operations: readonly Operation[], { body }: Answer, signal: AbortSignal): Promise<Attempt> {
    const { errors, items } = body as { readonly errors: boolean; readonly items: readonly Record<string, BulkItem>[] };
    if (!errors) return { again: [], refused: [] };
    const { cluster, isOwn, checkFence } = this.#options;
    const again: Operation[] = [];
    const refused: Refused[] = [];
    let error: MillraceError | undefined;
    for (const [at, operation] of operations.entries()) {
      const item = items[at]![operation.action]!;
      const answer = { status: item.status, body: item };
      switch (outcomeOf(item, operation, isOwn)) {
        case 'done':
          break;
        case 'again':
          again.push(operation);
          error ??= overloaded(cluster.origin, cluster.reasonOf(answer));
          break;
        case 'create only':
          again.push({ ...operation, action: 'create', version: undefined });
          break;
        case 'refused':
          refused.push({ operation, reason: this.#recordRefused(operation, answer) });
          break;
        case 'fenced':
          throw fenced();
        case 'foreign':
          await checkFence(signal);
          throw new MillraceError(DocumentNewer, {
            message: `a document of index ${operation.index} has a version that this job has not given it: ${cluster.reasonOf(answer)}`,
            mend: 'Give each job an index of its own, and let nobody else write there. The job tries again by itself, with higher versions.',
          });
        case 'missing':
          throw new MillraceError(IndexMissing, {
            message: `index ${operation.index} does not exist, and the cluster does not create it: ${cluster.reasonOf(answer)}`,
            mend: 'Create it, or set createIndex: true.',
          });
        case 'forbidden':
          throw new MillraceError(NotAllowed, {
            message: `${cluster.origin} does not allow writing to index ${operation.index}: ${cluster.reasonOf(answer)}`,
            mend: 'Give the user the rights that docs/opensearch.md names.',
          });
      }
    }
    return { again, refused, error };
  }

  #recordRefused({ index, schema }: Operation, answer: Answer): MillraceError {
    const { type } = errorOf(answer.body);
    const reason = this.#options.cluster.reasonOf(answer);
    return new MillraceError(RecordRefused, {
      message: `index ${index} refuses a document of ${schema.id}: ${reason}`,
      mend: 'Correct the row or the mapping of the index. Documents that it refuses can be set aside: give the stage onError.',
      details: { status: answer.status, ...(type === undefined ? {} : { type }) },
    });
  }
}

interface Attempt {
  readonly again: readonly Operation[];
  readonly refused: readonly Refused[];
  /** Why those are to be tried again. */
  readonly error?: MillraceError | undefined;
  readonly isTooLarge?: boolean;
}

const overloaded = (origin: string, reason: string): MillraceError =>
  new MillraceError(Overloaded, {
    message: `${origin} takes nothing for too long: ${reason}`,
    mend: 'Give the cluster more room (disk, memory, nodes), or the stage smaller requests (records, size, concurrency); the job tries again.',
  });
