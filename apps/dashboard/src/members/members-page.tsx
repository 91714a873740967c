import type { Member } from '@millrace/sdk/client';
import { queryOptions } from '@tanstack/react-query';
import { api } from '../api/client.ts';
import { LIVE_MS } from '../api/job-queries.ts';
import { useLive } from '../api/use-live.ts';
import { ConfirmAction } from '../parts/confirm-action.tsx';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { EmptyState } from '../parts/empty-state.tsx';
import { bytes, count, duration, plural } from '../parts/formats.ts';
import { Page } from '../parts/page.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { QueryView } from '../parts/query-view.tsx';
import { Since } from '../parts/since.tsx';
import { StatusBadge, ToneBox } from '../parts/tone.tsx';

const membersQuery = queryOptions({
  queryKey: ['members'],
  queryFn: async ({ signal }) => (await api.GET('/api/v1/members', { signal })).data!,
  refetchInterval: LIVE_MS,
});

/** Shares and delays from which a worker is short of something. */
const HEAP_FULL = 0.85;
const LOOP_LATE_MS = 200;

const COLUMNS: readonly Column<Member>[] = [
  { name: 'Worker', cell: ({ name }) => <code>{name}</code> },
  {
    name: 'State',
    cell: ({ state, heapUsedBytes, heapMaxBytes, eventLoopP99Ms }) => {
      if (state === 'draining') return <StatusBadge tone="busy">Draining</StatusBadge>;
      if (state === 'drained') return <StatusBadge tone="idle">Drained</StatusBadge>;
      if (heapUsedBytes > heapMaxBytes * HEAP_FULL) return <StatusBadge tone="warn">Heap nearly full</StatusBadge>;
      if (eventLoopP99Ms > LOOP_LATE_MS) return <StatusBadge tone="warn">Event loop late</StatusBadge>;
      return <StatusBadge tone="ok">Well</StatusBadge>;
    },
  },
  { name: 'To stop it', cell: (member) => <Drain member={member} /> },
  { name: 'For', cell: ({ startedAt }) => <Since at={startedAt} />, isNumber: true },
  {
    name: 'Jobs',
    isText: true,
    cell: ({ jobs }) =>
      jobs.length === 0
        ? 'none'
        : jobs.map(({ id, name }, index) => (
            <span key={id}>
              {index > 0 && ', '}
              <PageLink to="/jobs/$name" params={{ name }}>
                {name}
              </PageLink>
            </span>
          )),
  },
  { name: 'Threads', cell: ({ threads }) => count(threads), isNumber: true },
  { name: 'Cores used', cell: ({ cpu }) => cpu.toFixed(2), isNumber: true },
  {
    name: 'Heap',
    cell: ({ heapUsedBytes, heapMaxBytes }) => `${bytes(heapUsedBytes)} of ${bytes(heapMaxBytes)}`,
    isNumber: true,
  },
  { name: 'Memory', cell: ({ rssBytes }) => bytes(rssBytes), isNumber: true },
  {
    name: 'Loop p50 / p99',
    cell: ({ eventLoopP50Ms, eventLoopP99Ms }) => `${duration(eventLoopP50Ms)} / ${duration(eventLoopP99Ms)}`,
    isNumber: true,
  },
  { name: 'Version', cell: ({ version }) => version },
];

/** Empties a worker before it is stopped, or lets it take jobs again. */
function Drain({ member: { name, state } }: { readonly member: Member }) {
  const path = { id: name };
  return state === 'active' ? (
    <ConfirmAction
      label="Drain"
      needs="operator"
      says="The worker takes no job from now on. Each of its jobs takes a snapshot and goes on at another worker, which takes about a second; nothing is lost or written twice. When it is drained it can be stopped."
      call={(api) => api.POST('/api/v1/members/{id}/drain', { params: { path } })}
    />
  ) : (
    <ConfirmAction
      label="Take jobs again"
      needs="operator"
      says="The worker takes jobs again. Those that have left it stay where they are until something moves them."
      call={(api) => api.DELETE('/api/v1/members/{id}/drain', { params: { path } })}
    />
  );
}

/** The workers: what they run and how they are. */
export function MembersPage() {
  const query = useLive(membersQuery);
  return (
    <Page title="Members" about="Workers, which run the jobs; add more by starting more">
      <QueryView query={query}>
        {({ items, gone }) => (
          <>
            {gone.map(({ name, lastAt }) => (
              <ToneBox key={name} tone="warn">
                <code>{name}</code> went without a word <Since at={lastAt} ago />. Its jobs are taken over by others, if
                there are any; look whether its machine is up.
              </ToneBox>
            ))}
            {items.length === 0 ? (
              <EmptyState title="No worker is there">
                Nothing runs without one. Start it with the same settings as the api:{' '}
                <code>node apps/worker/dist/main.js</code>
              </EmptyState>
            ) : (
              <DataTable
                label={plural(items.length, 'worker')}
                columns={COLUMNS}
                rows={items}
                keyOf={({ name }) => name}
              />
            )}
          </>
        )}
      </QueryView>
    </Page>
  );
}
