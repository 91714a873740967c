import type { SourceProbe } from '@millrace/sdk/client';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../api/client.ts';
import { connectorsQuery } from '../api/definition-queries.ts';
import { NewDefinition } from '../definitions/new-definition.tsx';
import { TablesChooser } from '../definitions/tables-chooser.tsx';
import { Page } from '../parts/page.tsx';
import { Panel } from '../parts/panel.tsx';
import { QueryView } from '../parts/query-view.tsx';
import { RegisteredSource } from './registered-source.tsx';

/** From a URL to a source that can be captured: what it lacks with the SQL for it, its tables, its name, and the code for the same. */
export function NewSourcePage() {
  const query = useQuery(connectorsQuery);
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const [created, setCreated] = useState<string>();
  return (
    <Page title="Register a source" about="A database whose changes jobs read">
      {created !== undefined ? (
        <RegisteredSource name={created} tables={[...chosen]} />
      ) : (
        <QueryView query={query}>
          {(connectors) => (
            <NewDefinition<SourceProbe>
              kind="sources"
              connectors={connectors.filter(({ role }) => role === 'source')}
              probe={async ({ type, config }) =>
                (await api.POST('/api/v1/sources/probe', { body: { type, config: { ...config } } })).data!
              }
              more={(found) =>
                found?.tables == null ? null : (
                  <Panel title="3. Which tables">
                    <TablesChooser tables={found.tables} chosen={chosen} onChosen={choose} />
                  </Panel>
                )
              }
              onCreated={setCreated}
            />
          )}
        </QueryView>
      )}
    </Page>
  );
}
