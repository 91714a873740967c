import { Button, Drawer, Group, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import type { AuditEntry } from '@millrace/sdk/client';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../api/client.ts';
import { jobsQuery } from '../api/job-queries.ts';
import { CodeBlock } from '../parts/code-block.tsx';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { EmptyState } from '../parts/empty-state.tsx';
import { dateAndTime } from '../parts/formats.ts';
import { Page } from '../parts/page.tsx';
import { Facts } from '../parts/panel.tsx';
import { ProblemAlert } from '../parts/problem-alert.tsx';
import { TextButton } from '../parts/text-button.tsx';
import { StatusBadge, type Tone } from '../parts/tone.tsx';

const PAGE = 50;
const TONES: Readonly<Record<AuditEntry['outcome'], Tone>> = {
  done: 'ok',
  refused: 'warn',
  failed: 'bad',
  unknown: 'idle',
};

const whoOf = ({ actor }: AuditEntry): string => actor.name ?? actor.kind;

/** What an entry is about, by name where it has one: entries of commands have ids. */
function useTargets(): (entry: AuditEntry) => string {
  const { data: jobs = [] } = useQuery(jobsQuery);
  return ({ target, targetName }) => {
    const name = targetName ?? jobs.find(({ id }) => target === `job/${id}`)?.name;
    return name === undefined ? target : `${target.split('/')[0]} ${name}`;
  };
}

/** Everything that was changed, or asked for and refused: who, when, what came of it. */
export function AuditPage() {
  const [typed, setTyped] = useState({ action: '', actor: '', target: '' });
  const [filter] = useDebouncedValue(typed, 300);
  const [open, setOpen] = useState<AuditEntry>();
  const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value.trim() !== ''));
  const query = useInfiniteQuery({
    queryKey: ['audit', given],
    queryFn: async ({ pageParam, signal }) =>
      (await api.GET('/api/v1/audit', { params: { query: { limit: PAGE, cursor: pageParam, ...given } }, signal }))
        .data!,
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  });
  const targetOf = useTargets();
  const entries = query.data?.pages.flatMap(({ items }) => items);
  const columns: readonly Column<AuditEntry>[] = [
    { name: 'When', cell: ({ at }) => <time dateTime={at}>{dateAndTime(new Date(at))}</time> },
    { name: 'Who', cell: whoOf },
    {
      name: 'Did',
      cell: (entry) => <TextButton onClick={() => setOpen(entry)}>{entry.action}</TextButton>,
    },
    { name: 'To', cell: targetOf },
    {
      name: 'Outcome',
      cell: ({ outcome, code }) => (
        <Group gap="xs" wrap="nowrap">
          <StatusBadge tone={TONES[outcome]}>{outcome}</StatusBadge>
          {code !== null && <code>{code}</code>}
        </Group>
      ),
    },
  ];
  return (
    <Page title="Audit" about="Every change, and what was asked for and refused; nothing removes from it">
      <Group gap="sm">
        {(['action', 'actor', 'target'] as const).map((name) => (
          <TextInput
            key={name}
            aria-label={`Filter by ${name}`}
            placeholder={{ action: 'Action: job.create', actor: 'Who', target: 'To: job/…' }[name]}
            value={typed[name]}
            onChange={(event) => setTyped({ ...typed, [name]: event.currentTarget.value })}
          />
        ))}
      </Group>
      {query.error !== null && <ProblemAlert error={query.error} />}
      {entries !== undefined && entries.length === 0 && (
        <EmptyState title="No entries">Nothing fits the filter.</EmptyState>
      )}
      {entries !== undefined && entries.length > 0 && (
        <DataTable label="Entries" columns={columns} rows={entries} keyOf={({ id }) => String(id)} />
      )}
      {query.hasNextPage && (
        <Group>
          <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            Older ones
          </Button>
        </Group>
      )}
      <EntryDrawer entry={open} onClose={() => setOpen(undefined)} />
    </Page>
  );
}

function EntryDrawer({ entry, onClose }: { readonly entry: AuditEntry | undefined; readonly onClose: () => void }) {
  return (
    <Drawer
      opened={entry !== undefined}
      onClose={onClose}
      position="right"
      size="md"
      title={entry?.action}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {entry !== undefined && (
        <Stack gap="md">
          <Facts
            facts={[
              { name: 'When', value: dateAndTime(new Date(entry.at)) },
              { name: 'Who', value: `${whoOf(entry)} (${entry.actor.role ?? entry.actor.kind})` },
              { name: 'To', value: entry.target },
              { name: 'Outcome', value: entry.outcome },
              { name: 'Request', value: entry.request ?? '—' },
              { name: 'Request id', value: entry.requestId ?? '—' },
              { name: 'Address', value: entry.address ?? '—' },
            ]}
          />
          {(['before', 'after', 'details'] as const).map((name) => {
            const value = entry[name];
            const isEmpty = value == null || Object.keys(value).length === 0;
            return isEmpty ? null : (
              <div key={name}>
                <Text size="sm" fw={600} mb={4}>
                  {{ before: 'Before', after: 'After', details: 'Details' }[name]}
                </Text>
                <CodeBlock text={JSON.stringify(value, null, 2)} what={name} />
              </div>
            );
          })}
        </Stack>
      )}
    </Drawer>
  );
}
