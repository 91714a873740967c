import type { JobIdentity } from '@millrace/connector-contract';
import { MillraceError } from '@millrace/kernel';
import type { Cluster } from '../cluster/cluster.ts';
import { Fenced } from '../errors.ts';
import { knownIds, openTransactions } from './known-ids.ts';
import type { TransactionHandle } from './producer.ts';
import { type TakenOver, takeOver } from './take-over.ts';
import { CONTINUOUS_TURNS, type IdOwner, idPrefix, ownerOf, transactionalId } from './transactional-id.ts';

/** Executions just before this one whose ids are taken over though no broker lists them. */
const UNLISTED_MAX = 16;
const AT_ONCE_MAX = 16;

export interface WriterPlace {
  readonly job: JobIdentity;
  readonly generation: number;
  /** Number of this writer among `writerCount`. */
  readonly writer: number;
  readonly writerCount: number;
  readonly timeoutMs: number;
}

/** What the restored snapshot says of the executions before. */
export interface Restored {
  readonly prepared: readonly TransactionHandle[];
  /** Execution that has saved it; `undefined`: there is no snapshot. */
  readonly generation: number | undefined;
  /** Executions since then may have committed without snapshots. */
  readonly isContinuous: boolean;
}

/**
 * Fences the executions before this one, and refuses to go on when there is a newer one. Each execution first takes its own ids, which shows them to others, and then
 * looks for those of others: of two that do so at once, at least one sees the other, and it is the older one that ends. The execution that saved the
 * restored snapshot had fenced all before it.
 *
 * A list of ids may miss one whose coordinator moves in this moment. An execution with a transaction per snapshot can show nothing then, its commit record is refused. With
 * continuous commits it could, so ids of the executions just before are taken over unseen, and whoever comes to them later finds them used (`Producer.open`).
 * @throws MillraceError `kafka.fenced`, and as `takeOver`
 */
export async function fencePredecessors(
  cluster: Cluster,
  place: WriterPlace,
  { prepared, generation: saved, isContinuous }: Restored,
): Promise<readonly TakenOver[]> {
  const { job, generation, writer } = place;
  const ids = new Set([
    ...(await knownIds(cluster, idPrefix(job))),
    ...prepared.map((handle) => handle.transactionalId),
  ]);
  for (const id of ids) if (ownerOf(job, id).generation > generation) throw outrun(place, ownerOf(job, id));
  const wanted = await openBefore(cluster, place);
  for (const id of ids) if (isMineAndOlder(place, id) && ownerOf(job, id).generation >= (saved ?? 0)) wanted.add(id);
  for (const { transactionalId: id } of prepared) wanted.add(id);
  if (isContinuous)
    for (let older = Math.max(saved ?? 1, generation - UNLISTED_MAX); older < generation; older++)
      for (let turn = 0; turn < CONTINUOUS_TURNS; turn++)
        wanted.add(transactionalId(job, { writer, turn, generation: older }));
  return await takeAll(cluster, place, [...wanted]);
}

/** Aborts what executions before this one have opened since they were fenced: none should, but one that the list had missed would hold readers back. */
export const sweepPredecessors = async (cluster: Cluster, place: WriterPlace): Promise<readonly TakenOver[]> =>
  takeAll(cluster, place, [...(await openBefore(cluster, place))]);

async function openBefore(cluster: Cluster, place: WriterPlace): Promise<Set<string>> {
  const open = await openTransactions(cluster, idPrefix(place.job));
  return new Set(open.filter((id) => isMineAndOlder(place, id)));
}

/** Also of writers that there are no more: those whose number falls to this writer, as what they had prepared does. */
function isMineAndOlder({ job, generation, writer, writerCount }: WriterPlace, id: string): boolean {
  const owner = ownerOf(job, id);
  return owner.generation < generation && owner.writer % writerCount === writer;
}

async function takeAll(
  cluster: Cluster,
  { timeoutMs }: WriterPlace,
  ids: readonly string[],
): Promise<readonly TakenOver[]> {
  const taken: TakenOver[] = [];
  for (let start = 0; start < ids.length; start += AT_ONCE_MAX) {
    const some = ids.slice(start, start + AT_ONCE_MAX);
    taken.push(...(await Promise.all(some.map((id) => takeOver(cluster, id, timeoutMs)))));
  }
  return taken;
}

const outrun = ({ job, generation }: WriterPlace, newer: IdOwner): MillraceError =>
  new MillraceError(Fenced, {
    message: `execution ${generation} of job ${job.jobName} may not write: execution ${newer.generation} has begun`,
    mend: 'Nothing: the newer execution goes on.',
    details: { generation, newest: newer.generation },
  });
