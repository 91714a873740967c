import { Anchor } from '@mantine/core';
import type { ReactNode } from 'react';

/** Opens something on the same page: looks like a link, is a button. */
export function TextButton({ onClick, children }: { readonly onClick: () => void; readonly children: ReactNode }) {
  return (
    <Anchor component="button" type="button" size="sm" fw={500} ta="left" onClick={onClick}>
      {children}
    </Anchor>
  );
}
