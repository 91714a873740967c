import { Code, Group, Stack, Text } from '@mantine/core';
import type { Job } from '@millrace/sdk/client';
import { Mend } from '../parts/mend.tsx';
import { Since } from '../parts/since.tsx';
import { ToneBox } from '../parts/tone.tsx';

const NEXT: Readonly<Record<'later' | 'after-repair' | 'never', string>> = {
  later: 'It may pass by itself: resume the job.',
  'after-repair': 'Repair it, then resume the job: it goes on from its newest snapshot.',
  never: 'Resuming alone will not help: the job itself has to change.',
};

/** Why the job stands, and how it gets on. */
export function JobFailure({ job }: { readonly job: Job }) {
  const { error, status, updatedAt } = job;
  if (error === null || status !== 'FAILED') return null;
  return (
    <ToneBox tone="bad">
      <Stack gap="xs">
        <Group justify="space-between" gap="xs">
          <Text fw={600}>{error.title}</Text>
          <Text size="xs" c="dimmed">
            <Since at={updatedAt} ago />
          </Text>
        </Group>
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          {error.message}
          {error.pointer !== undefined && <Code ml={6}>{error.pointer}</Code>}
        </Text>
        {error.mend !== undefined && <Mend text={error.mend} />}
        <Group gap="sm">
          <Code>{error.code}</Code>
          <Text size="xs" c="dimmed">
            {NEXT[error.retry]}
          </Text>
        </Group>
      </Stack>
    </ToneBox>
  );
}
