import { Stack, Text } from '@mantine/core';
import type { IssuedApiKey } from '@millrace/sdk/client';
import { CodeBlock } from '../parts/code-block.tsx';
import { ToneBox } from '../parts/tone.tsx';

/** A new key, while it can still be read. */
export function ShownOnce({ issued }: { readonly issued: IssuedApiKey }) {
  return (
    <ToneBox tone="warn" role="status">
      <Stack gap="xs">
        <Text size="sm" fw={600}>
          The key "{issued.name}" ({issued.role}) is shown this once. Keep it where secrets are kept.
        </Text>
        <CodeBlock text={issued.key} what="the key" />
      </Stack>
    </ToneBox>
  );
}
