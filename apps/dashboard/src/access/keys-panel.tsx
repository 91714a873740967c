import { Group, Stack, Text } from '@mantine/core';
import type { ApiKey, IssuedApiKey } from '@millrace/sdk/client';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../api/client.ts';
import { allPages, PAGE_SIZE } from '../api/pages.ts';
import { ConfirmAction } from '../parts/confirm-action.tsx';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { Panel } from '../parts/panel.tsx';
import { QueryView } from '../parts/query-view.tsx';
import { Since } from '../parts/since.tsx';
import { StatusBadge, type Tone } from '../parts/tone.tsx';
import { CreateKey } from './create-key.tsx';
import { ShownOnce } from './shown-once.tsx';

const keysQuery = queryOptions({
  queryKey: ['api-keys'],
  queryFn: ({ signal }) =>
    allPages(
      async (cursor) =>
        (await api.GET('/api/v1/api-keys', { params: { query: { limit: PAGE_SIZE, cursor } }, signal })).data!,
    ),
});

const TONES: Readonly<Record<ApiKey['state'], Tone>> = { active: 'ok', expired: 'warn', revoked: 'idle' };

/** Keys with what can be done to them; a new secret is shown above them, this once. */
export function KeysPanel() {
  const query = useQuery(keysQuery);
  const [issued, setIssued] = useState<IssuedApiKey>();
  const show = ({ data }: { data?: IssuedApiKey }) => setIssued(data);
  const columns: readonly Column<ApiKey>[] = [
    { name: 'Key', cell: ({ name }) => <b>{name}</b> },
    { name: 'State', cell: ({ state }) => <StatusBadge tone={TONES[state]}>{state}</StatusBadge> },
    { name: 'Role', cell: ({ role }) => role },
    { name: 'Begins with', cell: ({ prefix }) => <code>{prefix}</code> },
    { name: 'Used', cell: ({ lastUsedAt }) => (lastUsedAt === null ? 'never' : <Since at={lastUsedAt} ago />) },
    { name: 'Ends', cell: ({ expiresAt }) => (expiresAt === null ? 'never' : expiresAt.slice(0, 10)) },
    { name: 'Made by', cell: ({ createdBy }) => createdBy },
    {
      name: '',
      cell: ({ id, name, state }) =>
        state === 'revoked' ? null : (
          <Group gap={6} justify="flex-end" wrap="nowrap">
            <ConfirmAction
              label="New secret"
              needs="admin"
              says={`"${name}" gets a new secret, shown once. The one before works for one hour more, so that what uses it can be changed.`}
              call={(to) =>
                to.POST('/api/v1/api-keys/{id}/rotate', { params: { path: { id } }, body: { oldKeyWorksFor: '1h' } })
              }
              onDone={show}
            />
            <ConfirmAction
              label="Revoke"
              needs="admin"
              isFinal
              says={`"${name}" stops working at once and for good, with the sessions it began. It stays in this list.`}
              call={(to) => to.DELETE('/api/v1/api-keys/{id}', { params: { path: { id } } })}
            />
          </Group>
        ),
      isNumber: true,
    },
  ];
  return (
    <Panel title="Keys" aside={<CreateKey onIssued={setIssued} />}>
      <Stack gap="sm">
        {issued !== undefined && <ShownOnce issued={issued} />}
        <Text size="sm" c="dimmed">
          viewer reads; operator also commands jobs and dead letters; editor also makes, changes and deletes; admin also
          keys and the audit log.
        </Text>
        <QueryView query={query}>
          {(keys) => <DataTable label="Keys" columns={columns} rows={keys} keyOf={({ id }) => id} />}
        </QueryView>
      </Stack>
    </Panel>
  );
}
