import { Button, Group, SegmentedControl, Stack } from '@mantine/core';
import type { Job } from '@millrace/sdk/client';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useLive } from '../api/use-live.ts';
import { EmptyState } from '../parts/empty-state.tsx';
import { Panel } from '../parts/panel.tsx';
import { ProblemAlert } from '../parts/problem-alert.tsx';
import { useLiveState } from '../shell/live-context.tsx';
import { GroupsTable } from './groups-table.tsx';
import { LetterDrawer } from './letter-drawer.tsx';
import { groupsQuery, type LetterFilter, lettersQuery } from './letter-queries.ts';
import { LettersTable } from './letters-table.tsx';
import { DiscardAction, ReplayAction } from './resolve-actions.tsx';

const STATES = ['open', 'replaying', 'replayed', 'discarded'] as const;

/** The letters of a job: groups above, the letters of one below, one of them in a drawer. */
export default function JobDeadLetters({ job }: { readonly job: Job }) {
  const { data: groups } = useLive(groupsQuery(job.name));
  const [filter, setFilter] = useState<LetterFilter>();
  if (groups !== undefined && groups.length === 0)
    return (
      <EmptyState title="No record was set aside">
        A stage sets aside what it cannot take when it says <code>onError: dead-letter</code>; else the job fails with
        it.
      </EmptyState>
    );
  return (
    <Stack gap="md">
      <GroupsTable job={job.name} onChoose={({ stage, reason, table }) => setFilter({ stage, reason, table })} />
      <Letters
        key={JSON.stringify(filter)}
        job={job.name}
        filter={filter ?? {}}
        onAll={filter === undefined ? undefined : () => setFilter(undefined)}
      />
    </Stack>
  );
}

interface LettersProps {
  readonly job: string;
  readonly filter: LetterFilter;
  /** Shows those of all groups again. */
  readonly onAll: (() => void) | undefined;
}

function Letters({ job, filter, onAll }: LettersProps) {
  const [state, setState] = useState<(typeof STATES)[number]>('open');
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const [open, setOpen] = useState<string>();
  const { frozenAt } = useLiveState();
  const options = lettersQuery(job, filter, state);
  const query = useInfiniteQuery(frozenAt === undefined ? options : { ...options, refetchInterval: false });
  const letters = query.data?.pages.flatMap(({ items }) => items) ?? [];
  const ids = letters.map(({ id }) => id).filter((id) => chosen.has(id));
  const which = ids.length > 0 ? { ids } : { filter };
  const words = ids.length > 0 ? `${ids.length} chosen` : onAll === undefined ? 'all' : 'all of the group';
  return (
    <Panel
      title={onAll === undefined ? 'Records' : `Records: ${filter.reason}`}
      aside={
        <Group gap="xs">
          {onAll !== undefined && (
            <Button variant="subtle" size="compact-sm" onClick={onAll}>
              Show all
            </Button>
          )}
          {state === 'open' && letters.length > 0 && (
            <>
              <ReplayAction job={job} which={which} words={words} onDone={() => choose(new Set())} />
              <DiscardAction job={job} which={which} words={words} onDone={() => choose(new Set())} />
            </>
          )}
        </Group>
      }
    >
      <Stack gap="sm">
        <Group>
          <SegmentedControl
            size="xs"
            aria-label="Which records"
            data={STATES.map((value) => ({ value, label: value }))}
            value={state}
            onChange={(value) => {
              setState(value as (typeof STATES)[number]);
              choose(new Set());
            }}
          />
        </Group>
        {query.error !== null && <ProblemAlert error={query.error} />}
        {query.isSuccess && letters.length === 0 && (
          <EmptyState title={`None is ${state}`}>Nothing to do here.</EmptyState>
        )}
        {letters.length > 0 && (
          <LettersTable
            letters={letters}
            chosen={state === 'open' ? chosen : undefined}
            onChosen={choose}
            onOpen={setOpen}
          />
        )}
        {query.hasNextPage && (
          <Group>
            <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
              Older ones
            </Button>
          </Group>
        )}
      </Stack>
      <LetterDrawer job={job} letterId={open} onClose={() => setOpen(undefined)} />
    </Panel>
  );
}
