import { Button } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { IconCheck, IconCopy } from '@tabler/icons-react';

/** Copies a text; `what` says which, for who does not see it beside the button. */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const clipboard = useClipboard();
  return (
    <Button
      variant="default"
      size="compact-xs"
      leftSection={clipboard.copied ? <IconCheck size={12} /> : <IconCopy size={12} />}
      onClick={() => clipboard.copy(text)}
      aria-label={`Copy ${what}`}
    >
      {clipboard.copied ? 'Copied' : 'Copy'}
    </Button>
  );
}
