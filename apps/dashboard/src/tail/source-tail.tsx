import { Button, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { lazy, Suspense } from 'react';
import { Loading } from '../parts/loading.tsx';
import { Panel } from '../parts/panel.tsx';

const LiveTail = lazy(() => import('./live-tail.tsx'));

/** Change events of a source, when somebody wants to see them. */
export function SourceTail({ source }: { readonly source: string }) {
  const [isWatched, { toggle }] = useDisclosure();
  return (
    <Panel
      title="Changes as they come"
      aside={
        <Button variant="default" aria-expanded={isWatched} onClick={toggle}>
          {isWatched ? 'Stop watching' : 'Watch rows'}
        </Button>
      }
    >
      {isWatched ? (
        <Suspense fallback={<Loading />}>
          <LiveTail path={`/api/v1/sources/${source}/tail`} />
        </Suspense>
      ) : (
        <Text size="sm" c="dimmed">
          As the busiest of its jobs gets them; looking costs the database nothing.
        </Text>
      )}
    </Panel>
  );
}
