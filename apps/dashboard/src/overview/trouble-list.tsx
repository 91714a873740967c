import { Code, Group, Stack, Text } from '@mantine/core';
import { Mend } from '../parts/mend.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { Since } from '../parts/since.tsx';
import { StatusBadge, ToneBox } from '../parts/tone.tsx';
import type { Trouble } from './problems.ts';

/** Each problem: what, since when, what to do, and where. */
export function TroubleList({ troubles }: { readonly troubles: readonly Trouble[] }) {
  return (
    <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
      {troubles.map((trouble) => (
        <li key={trouble.id}>
          <ToneBox tone={trouble.tone}>
            <Group justify="space-between" gap="xs" mb={4}>
              <Group gap="sm">
                <StatusBadge tone={trouble.tone}>
                  <PageLink to="/jobs/$name" params={{ name: trouble.job }} fw={600} c="inherit">
                    {trouble.job}
                  </PageLink>
                </StatusBadge>
                {trouble.code !== undefined && <Code>{trouble.code}</Code>}
              </Group>
              <Text size="xs" c="dimmed">
                for <Since at={trouble.since} />
              </Text>
            </Group>
            <Text size="sm" mb={4}>
              {trouble.what}
            </Text>
            {trouble.advice !== undefined && <Mend text={trouble.advice} />}
          </ToneBox>
        </li>
      ))}
    </Stack>
  );
}
