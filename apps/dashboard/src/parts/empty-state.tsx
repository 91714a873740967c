import { Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import styles from './panel.module.css';

/** Nothing is here yet: what would be, and what to do first. */
export function EmptyState({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <div className={styles['panel']}>
      <Stack gap="xs" maw={560} py="md">
        <Title order={2}>{title}</Title>
        <Text size="sm" component="div" className={styles['sentence']}>
          {children}
        </Text>
      </Stack>
    </div>
  );
}
