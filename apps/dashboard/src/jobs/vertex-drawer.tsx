import { Drawer, Stack, Text } from '@mantine/core';
import type { Figures, Plan } from '../api/figures.ts';
import { count, duration } from '../parts/formats.ts';
import { Facts, Panel } from '../parts/panel.tsx';

export interface VertexDrawerProps {
  readonly plan: Plan;
  readonly figures: Figures | null;
  readonly vertex: string | undefined;
  readonly onClose: () => void;
}

/** All that is known of one vertex. Beside the graph, not over it, so that both are read together. */
export function VertexDrawer({ plan, figures, vertex: name, onClose }: VertexDrawerProps) {
  const vertex = plan.vertices.find((each) => each.name === name);
  const of = figures?.vertices.find((each) => each.vertex === name);
  return (
    <Drawer
      opened={vertex !== undefined}
      onClose={onClose}
      position="right"
      size="sm"
      title={name}
      withOverlay={false}
      lockScroll={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {vertex !== undefined && (
        <Stack gap="md">
          {vertex.reason !== undefined && (
            <Text size="sm" c="dimmed">
              A vertex of its own: {vertex.reason}.
            </Text>
          )}
          <Panel title="Runs">
            <Facts
              facts={vertex.parts.map((part) => ({
                name: part.name,
                value: [part.what, ...part.fused.map(({ name: fused }) => fused), part.hasState ? 'keeps state' : '']
                  .filter(Boolean)
                  .join(', '),
              }))}
            />
          </Panel>
          <Panel title="Now">
            {of === undefined ? (
              <Text size="sm">No worker runs it at the moment.</Text>
            ) : (
              <Facts
                facts={[
                  { name: 'Instances', value: count(vertex.parallelism) },
                  { name: 'Rows in', value: count(of.rowsIn) },
                  { name: 'Rows out', value: count(of.rowsOut) },
                  { name: 'Busy in all', value: duration(of.busyMs) },
                ]}
              />
            )}
          </Panel>
          {of !== undefined && Object.keys(of.custom).length > 0 && (
            <Panel title="What it says itself">
              <Facts facts={Object.entries(of.custom).map(([key, value]) => ({ name: key, value: count(value) }))} />
            </Panel>
          )}
        </Stack>
      )}
    </Drawer>
  );
}
