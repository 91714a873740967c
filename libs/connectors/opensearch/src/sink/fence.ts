import { hash } from 'node:crypto';
import type { JobIdentity } from '@millrace/connector-contract';
import { type Clock, MillraceError } from '@millrace/kernel';
import { Fenced, ServerRefused } from '../errors.ts';
import type { Answer, Cluster } from '../server/cluster.ts';

const HASH_CHARACTERS = 32;
const NOT_FOUND = 404;
const MS_PER_S = 1_000;
const PIPELINES = '/_ingest/pipeline/';

/** An ingest pipeline that an execution has claimed. */
interface Claim {
  readonly name: string;
  readonly generation: number;
  readonly epoch: number;
}

/**
 * What keeps older executions from writing: each has an ingest pipeline of its own, without processors, that its requests name, and the next one removes it. The cluster
 * refuses a document whose pipeline does not exist, however late it comes. (Deletes have no pipeline. A late one is harmless by its version.)
 *
 * The epoch grows with each claim, and with the clock, so that versions of a later execution, and of a later job, are above those of an earlier one.
 */
export class Fence {
  readonly #cluster: Cluster;
  readonly #prefix: string;
  readonly #generation: number;
  readonly #clock: Clock;
  #claim: Claim | undefined;

  constructor(cluster: Cluster, job: JobIdentity, generation: number, clock: Clock) {
    this.#cluster = cluster;
    this.#prefix = pipelinePrefix(job);
    this.#generation = generation;
    this.#clock = clock;
  }

  /** Name of the pipeline. */
  get pipeline(): string {
    return this.#claim!.name;
  }

  /** Makes this execution the newest, or finds that it is not. @returns its epoch. @throws MillraceError `opensearch.fenced` and what requests throw */
  async claim(signal: AbortSignal): Promise<number> {
    let others = await this.#others(signal);
    this.#refuseOlder(others);
    for (;;) {
      const epoch = Math.max(Math.floor(this.#clock.nowMs() / MS_PER_S), ...others.map((each) => each.epoch + 1));
      const former = this.#claim;
      const claim = { name: nameOf(this.#prefix, this.#generation, epoch), generation: this.#generation, epoch };
      await this.#put(claim, signal);
      this.#claim = claim;
      if (former !== undefined) await removePipeline(this.#cluster, former.name, signal);
      // Looked at again: of two that claim at once, at least one sees the other.
      others = await this.#others(signal);
      try {
        this.#refuseOlder(others);
      } catch (error) {
        await removePipeline(this.#cluster, claim.name, signal);
        throw error;
      }
      if (others.some((each) => each.epoch >= epoch)) continue;
      for (const { name } of others) await removePipeline(this.#cluster, name, signal);
      return epoch;
    }
  }

  /** @throws MillraceError `opensearch.fenced` when a newer execution has claimed, or the claim is gone */
  async check(signal: AbortSignal): Promise<void> {
    const claims = await listClaims(this.#cluster, this.#prefix, signal);
    this.#refuseOlder(claims);
    if (!claims.some(({ name }) => name === this.#claim!.name)) throw fenced();
  }

  async #put({ name, generation }: Claim, signal: AbortSignal): Promise<void> {
    const description = `Millrace: execution ${generation} of a job writes by this. It does nothing, and is removed by the next one.`;
    // Asked once: a repetition that is under way when a newer execution removes it would bring it back.
    const answer = await this.#cluster.request({
      method: 'PUT',
      path: `${PIPELINES}${name}`,
      json: { description, processors: [] },
      signal,
    });
    orThrow(this.#cluster, answer, 'make an ingest pipeline');
  }

  async #others(signal: AbortSignal): Promise<readonly Claim[]> {
    const claims = await listClaims(this.#cluster, this.#prefix, signal);
    return claims.filter(({ name }) => name !== this.#claim?.name);
  }

  #refuseOlder(claims: readonly Claim[]): void {
    if (claims.some(({ generation }) => generation > this.#generation)) throw fenced();
  }
}

export const fenced = (): MillraceError =>
  new MillraceError(Fenced, {
    message: 'a newer execution of the job has taken over',
    mend: 'Nothing: the newer execution goes on.',
  });

/** Removes what the executions of a deleted job have left. */
export async function removeClaims(cluster: Cluster, job: JobIdentity, signal: AbortSignal): Promise<void> {
  for (const { name } of await listClaims(cluster, pipelinePrefix(job), signal))
    await removePipeline(cluster, name, signal);
}

const pipelinePrefix = ({ jobId, stage }: JobIdentity): string =>
  `millrace-${hash('sha256', `${jobId}\0${stage}`, 'hex').slice(0, HASH_CHARACTERS)}-`;

const nameOf = (prefix: string, generation: number, epoch: number): string => `${prefix}${generation}-${epoch}`;

async function listClaims(cluster: Cluster, prefix: string, signal: AbortSignal): Promise<readonly Claim[]> {
  const answer = await cluster.ask({ method: 'GET', path: `${PIPELINES}${prefix}*`, signal });
  if (answer.status !== NOT_FOUND) orThrow(cluster, answer, 'list ingest pipelines');
  return Object.keys((answer.body ?? {}) as object).flatMap((name) => {
    const match = /^(\d+)-(\d+)$/.exec(name.slice(prefix.length));
    return match === null || !name.startsWith(prefix)
      ? []
      : [{ name, generation: Number(match[1]), epoch: Number(match[2]) }];
  });
}

async function removePipeline(cluster: Cluster, name: string, signal: AbortSignal): Promise<void> {
  const answer = await cluster.ask({ method: 'DELETE', path: `${PIPELINES}${name}`, signal });
  if (answer.status !== NOT_FOUND) orThrow(cluster, answer, 'remove an ingest pipeline');
}

/** @throws MillraceError `opensearch.server_refused` unless the request was done, everywhere */
function orThrow(cluster: Cluster, answer: Answer, what: string): void {
  const { acknowledged } = (answer.body ?? {}) as { readonly acknowledged?: boolean };
  if (answer.status < 300 && acknowledged !== false) return;
  throw new MillraceError(ServerRefused, {
    message: `${cluster.origin} does not ${what}: ${cluster.reasonOf(answer)}`,
    mend: 'Look at the log of the cluster; it needs a node with the role ingest and a cluster manager.',
  });
}
