import { Skeleton, Stack } from '@mantine/core';

/** Bars where something is going to be. */
export function Loading() {
  return (
    <Stack gap="xs" role="status" aria-busy="true" aria-label="Loading">
      <Skeleton h={20} w="40%" />
      <Skeleton h={20} />
      <Skeleton h={20} w="70%" />
    </Stack>
  );
}
