import { Button, Group, Stack, Tabs, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { stringify } from 'yaml';
import { definitionsQuery } from '../api/definition-queries.ts';
import { CodeBlock } from '../parts/code-block.tsx';
import { Panel } from '../parts/panel.tsx';
import { StatusBadge } from '../parts/tone.tsx';

/** A source was registered: the job that would capture its tables, as code. */
export function RegisteredSource({ name, tables }: { readonly name: string; readonly tables: readonly string[] }) {
  const { data: sinks = [] } = useQuery(definitionsQuery('sinks'));
  const document = {
    name: `${name}-copy`,
    stages: {
      tables: { source: name, tables: tables.length === 0 ? ['public.TABLE'] : tables },
      copy: { input: 'tables', sink: sinks[0]?.name ?? 'SINK', mode: 'upsert' },
    },
  };
  const curl = `curl -X POST ${location.origin}/api/v1/jobs \\\n  -H 'content-type: application/json' \\\n  -d '${JSON.stringify(document)}'`;
  const code = `import { createClient } from '@millrace/sdk/client';

const api = createClient({ baseUrl: '${location.origin}', apiKey: process.env.MILLRACE_API_KEY });

await api.POST('/api/v1/jobs', {
  body: ${JSON.stringify(document, null, 2).replaceAll('\n', '\n  ')},
});
`;
  return (
    <Panel title={`The source "${name}" is registered`}>
      <Stack gap="sm">
        <StatusBadge tone="ok">Jobs can read it</StatusBadge>
        <Text size="sm">
          Registering changed nothing at the database: a job makes its publication and slot when it starts. This is a
          job that copies {tables.length === 0 ? 'tables' : tables.join(', ')}:
        </Text>
        <Tabs defaultValue="yaml">
          <Tabs.List mb="xs">
            <Tabs.Tab value="yaml">YAML</Tabs.Tab>
            <Tabs.Tab value="curl">curl</Tabs.Tab>
            <Tabs.Tab value="typescript">TypeScript</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="yaml">
            <CodeBlock text={stringify(document)} what="the job as YAML" />
          </Tabs.Panel>
          <Tabs.Panel value="curl">
            <CodeBlock text={curl} what="the call as curl" />
          </Tabs.Panel>
          <Tabs.Panel value="typescript">
            <CodeBlock text={code} what="the call in TypeScript" />
          </Tabs.Panel>
        </Tabs>
        <Group>
          <Button
            renderRoot={(props) => (
              <Link to="/new-job" search={{ source: name, tables: tables.join(',') }} {...props} />
            )}
          >
            Write the job
          </Button>
          <Button variant="default" renderRoot={(props) => <Link to="/sources/$name" params={{ name }} {...props} />}>
            Go to the source
          </Button>
        </Group>
      </Stack>
    </Panel>
  );
}
