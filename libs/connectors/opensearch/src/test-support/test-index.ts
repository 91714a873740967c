import { ulids } from '@millrace/kernel';

const DOCUMENTS_MAX = 10_000;

interface Document {
  readonly _id: string;
  readonly _source: Readonly<Record<string, unknown>>;
}

/** A request to the server itself. */
export async function ask<T>(url: string, method: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(url + path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  return (await answer.json()) as T;
}

/** An index of a test's own, and what a test does with it. */
export function testIndex(url: string, name = `t${ulids.next().toLowerCase()}`) {
  return {
    name,
    config: { nodes: [url] },
    stage: { index: name, shards: 1, replicas: 0 },
    /** All documents, by their ids; none where there is no index. */
    async documents(index = name): Promise<readonly Document[]> {
      await ask(url, 'POST', `/${index}/_refresh`);
      const { hits } = await ask<{ hits?: { hits: Document[] } }>(url, 'POST', `/${index}/_search`, {
        size: DOCUMENTS_MAX,
      });
      return (hits?.hits ?? []).toSorted((a, b) => a._id.localeCompare(b._id, 'en', { numeric: true }));
    },
    /** Ids from `start` to before `end`, as the rows have them. */
    async ids(start: number, end: number): Promise<readonly number[]> {
      await ask(url, 'POST', `/${name}/_refresh`);
      const { hits } = await ask<{ hits: { hits: Document[] } }>(url, 'POST', `/${name}/_search`, {
        size: DOCUMENTS_MAX,
        query: { range: { id: { gte: start, lt: end } } },
        sort: ['id'],
      });
      return hits.hits.map(({ _source }) => _source['id'] as number);
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await ask(url, 'DELETE', `/${name}*`);
    },
  };
}
