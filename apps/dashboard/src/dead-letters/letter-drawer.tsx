import { Drawer, Group, Stack, Text } from '@mantine/core';
import type { DeadLetterDetail } from '@millrace/sdk/client';
import { useQuery } from '@tanstack/react-query';
import { ConfirmAction } from '../parts/confirm-action.tsx';
import { dateAndTime } from '../parts/formats.ts';
import { Mend } from '../parts/mend.tsx';
import { Facts } from '../parts/panel.tsx';
import { QueryView } from '../parts/query-view.tsx';
import { StatusBadge, type Tone, ToneBox } from '../parts/tone.tsx';
import { letterQuery } from './letter-queries.ts';
import { RecordEditor } from './record-editor.tsx';
import { DiscardAction, ReplayAction } from './resolve-actions.tsx';

const TONES: Readonly<Record<DeadLetterDetail['state'], Tone>> = {
  open: 'warn',
  replaying: 'busy',
  replayed: 'ok',
  discarded: 'idle',
};

export interface LetterDrawerProps {
  readonly job: string;
  readonly letterId: string | undefined;
  readonly onClose: () => void;
}

/** One record: why it was set aside, what it says, and what to do with it. */
export function LetterDrawer({ job, letterId, onClose }: LetterDrawerProps) {
  return (
    <Drawer
      opened={letterId !== undefined}
      onClose={onClose}
      position="right"
      size="lg"
      title={letterId}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {letterId !== undefined && <Letter job={job} letterId={letterId} />}
    </Drawer>
  );
}

function Letter({ job, letterId }: { readonly job: string; readonly letterId: string }) {
  const query = useQuery(letterQuery(job, letterId));
  return (
    <QueryView query={query}>
      {(letter) => (
        <Stack gap="md">
          <Group justify="space-between">
            <StatusBadge tone={TONES[letter.state]}>{letter.state}</StatusBadge>
            {letter.state === 'open' && (
              <Group gap="xs">
                <ReplayAction job={job} which={{ ids: [letterId] }} words="it" />
                <DiscardAction job={job} which={{ ids: [letterId] }} words="it" />
              </Group>
            )}
          </Group>
          <ToneBox tone="bad">
            <Stack gap="xs">
              <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                {letter.message}
              </Text>
              {letter.mend !== null && <Mend text={letter.mend} />}
              <code>{letter.reason}</code>
            </Stack>
          </ToneBox>
          {letter.heldBy.length > 0 && (
            <Text size="sm">
              Held by {letter.heldBy.join(', ')}: earlier records of its key. Replay them first, or with it.
            </Text>
          )}
          <RecordEditor job={job} letter={letter} />
          {letter.isEdited && letter.state === 'open' && (
            <Group>
              <ConfirmAction
                label="Undo the edits"
                needs="editor"
                says="The record is as it was when it was set aside."
                call={(api) =>
                  api.DELETE('/api/v1/jobs/{id}/dead-letters/{letterId}/edit', {
                    params: { path: { id: job, letterId } },
                  })
                }
              />
            </Group>
          )}
          <Facts
            facts={[
              { name: 'Table', value: letter.table },
              { name: 'Stage', value: letter.stage },
              { name: 'Attempts', value: letter.attempts },
              {
                name: 'Committed at source',
                value: letter.committedAt === null ? '—' : dateAndTime(new Date(letter.committedAt)),
              },
              { name: 'Position', value: letter.position?.commitLsn ?? '—' },
              { name: 'Set aside', value: dateAndTime(new Date(letter.firstAt)) },
            ]}
          />
        </Stack>
      )}
    </QueryView>
  );
}
