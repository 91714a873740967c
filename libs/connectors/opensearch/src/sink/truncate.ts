import type { TableSchema } from '@millrace/formats';
import { MillraceError } from '@millrace/kernel';
import { ServerRefused } from '../errors.ts';
import type { Answer, Cluster } from '../server/cluster.ts';
import type { Bulk } from './bulk.ts';
import type { Operation } from './operation.ts';

const PAGE_DOCUMENTS = 1_000;
const NOT_FOUND = 404;
const KEPT = '1m';

interface Found {
  readonly _scroll_id: string;
  readonly hits: {
    readonly hits: readonly { readonly _index: string; readonly _id: string; readonly _routing?: string }[];
  };
}

/**
 * Removes all documents of an index, each by a delete with a version: one of a paused execution that wakes up late takes nothing of what a newer one has written, as
 * `_delete_by_query` would.
 */
export async function removeAll(
  cluster: Cluster,
  bulk: Bulk,
  { index, schema }: { readonly index: string; readonly schema: TableSchema },
  nextVersion: () => bigint,
  signal: AbortSignal,
): Promise<void> {
  // What is not refreshed is not found.
  const refreshed = await cluster.request({ method: 'POST', path: `/${index}/_refresh`, signal });
  if (refreshed.status === NOT_FOUND) return;
  found(cluster, index, refreshed);
  let page = found(
    cluster,
    index,
    await cluster.request({
      method: 'POST',
      path: `/${index}/_search?scroll=${KEPT}`,
      json: { size: PAGE_DOCUMENTS, _source: false, sort: ['_doc'] },
      signal,
    }),
  );
  try {
    while (page.hits.hits.length > 0) {
      const operations = page.hits.hits.map(
        ({ _index, _id, _routing }): Operation => ({
          action: 'delete',
          index: _index,
          id: _id,
          routing: _routing,
          version: nextVersion(),
          source: undefined,
          schema,
          at: undefined,
          commitTimeMs: undefined,
        }),
      );
      const [refused] = await bulk.write(operations);
      if (refused !== undefined) throw refused.reason;
      const json = { scroll: KEPT, scroll_id: page._scroll_id };
      page = found(cluster, index, await cluster.request({ method: 'POST', path: '/_search/scroll', json, signal }));
    }
  } finally {
    await cluster
      .request({ method: 'DELETE', path: '/_search/scroll', json: { scroll_id: [page._scroll_id] } })
      .catch(() => {});
  }
}

function found(cluster: Cluster, index: string, answer: Answer): Found {
  if (answer.status < 300) return answer.body as Found;
  throw new MillraceError(ServerRefused, {
    message: `${cluster.origin} does not list the documents of index ${index}: ${cluster.reasonOf(answer)}`,
    mend: 'Look at the log of the cluster; the job tries again.',
  });
}
