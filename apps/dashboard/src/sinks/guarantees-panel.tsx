import { Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { connectorsQuery } from '../api/definition-queries.ts';
import { Panel } from '../parts/panel.tsx';
import { QueryView } from '../parts/query-view.tsx';
import { StatusBadge } from '../parts/tone.tsx';

const modeText = (mode: Readonly<Record<string, string | number | boolean>>): string =>
  Object.entries(mode)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ') || 'in every mode';

/** What the connector promises in each of its modes, and what that needs. */
export function GuaranteesPanel({ type, kind }: { readonly type: string; readonly kind: 'source' | 'sink' }) {
  const query = useQuery(connectorsQuery);
  return (
    <Panel title="What holds">
      <QueryView query={query}>
        {(connectors) => (
          <Stack gap="sm">
            {connectors
              .find((each) => each.type === type && each.role === kind)
              ?.guarantees.map((guarantee) => (
                <div key={modeText(guarantee.mode)}>
                  <Text size="sm" component="div">
                    <b>{modeText(guarantee.mode)}</b>{' '}
                    <StatusBadge tone={guarantee.level === 'exactly-once' ? 'ok' : 'warn'}>
                      {guarantee.level}
                    </StatusBadge>
                  </Text>
                  <Text size="sm" c="dimmed">
                    {guarantee.how}
                    {guarantee.needs.length > 0 &&
                      ` Needs: ${guarantee.needs.map((need) => need.replace(/\.$/, '')).join('; ')}.`}
                  </Text>
                </div>
              ))}
          </Stack>
        )}
      </QueryView>
    </Panel>
  );
}
