import { Group, Stack, Text } from '@mantine/core';
import type { Definition, Job } from '@millrace/sdk/client';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { connectorsQuery, definitionQuery, type Kind } from '../api/definition-queries.ts';
import { jobsQuery } from '../api/job-queries.ts';
import { useLive } from '../api/use-live.ts';
import { isRunning } from '../jobs/job-state.ts';
import { ConfirmAction } from '../parts/confirm-action.tsx';
import { plural } from '../parts/formats.ts';
import { Page } from '../parts/page.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { Facts, Panel } from '../parts/panel.tsx';
import { QueryView } from '../parts/query-view.tsx';
import { changesOf, formOf, keptSecrets, patchOf } from './patch.ts';
import { masked, type OptionSchema } from './schema.ts';
import { SchemaForm } from './schema-form.tsx';
import { jobsUsing } from './uses.ts';

export interface EditDefinitionProps {
  readonly kind: Kind;
  readonly name: string;
  readonly onDone: () => void;
}

/** Changes the options of a source or sink. Secrets are not shown; left blank, they stay. */
export function EditDefinition({ kind, name, onDone }: EditDefinitionProps) {
  const query = useQuery(definitionQuery(kind, name));
  const connectors = useQuery(connectorsQuery);
  const { data: jobs = [] } = useLive(jobsQuery);
  const role = kind === 'sources' ? 'source' : 'sink';
  return (
    <Page
      title={`Change ${name}`}
      about={
        <PageLink to={kind === 'sources' ? '/sources/$name' : '/sinks/$name'} params={{ name }}>
          Back to the {role}
        </PageLink>
      }
    >
      <QueryView query={query}>
        {(definition) => (
          <QueryView query={connectors}>
            {(types) => (
              <Form
                kind={kind}
                // What was typed is about the version that was read; a newer one is refused by its number.
                key={definition.id}
                read={definition}
                schema={
                  (types.find((each) => each.role === role && each.type === definition.type)?.config ??
                    {}) as OptionSchema
                }
                using={jobsUsing(jobs, kind, name)}
                onDone={onDone}
              />
            )}
          </QueryView>
        )}
      </QueryView>
    </Page>
  );
}

interface FormProps {
  readonly kind: Kind;
  readonly read: Definition;
  readonly schema: OptionSchema;
  readonly using: readonly Job[];
  readonly onDone: () => void;
}

function Form({ kind, read, schema, using, onDone }: FormProps) {
  const [stored] = useState(read);
  const [form, setForm] = useState(() => formOf(stored.config));
  const patch = patchOf(stored.config, form);
  const changes = changesOf(stored.config, patch, schema);
  const request = (config: typeof patch) => ({
    params: { path: { id: stored.name }, header: { 'If-Match': `"${stored.version}"` } },
    body: { config: { ...config } },
  });
  return (
    <Panel title={`Options of ${stored.type}`}>
      <Stack gap="md">
        <SchemaForm schema={schema} value={form} onChange={setForm} kept={keptSecrets(stored.config)} />
        <Uses jobs={using} />
        <Group>
          <ConfirmAction
            label="Save"
            needs="editor"
            variant="filled"
            isDisabled={changes.length === 0}
            says={<SaveWords jobs={using} />}
            call={(api) => api.PATCH(`/api/v1/${kind}/{id}`, request(patch))}
            shown={(api) => api.PATCH(`/api/v1/${kind}/{id}`, request(masked(patch, schema)))}
            onDone={onDone}
          >
            <Facts facts={changes.map(({ name, before, now }) => ({ name, value: `${before} → ${now}` }))} />
          </ConfirmAction>
          <Text size="sm" c="dimmed">
            {changes.length === 0 ? 'Nothing has been changed yet.' : `${plural(changes.length, 'option')} changed.`}
          </Text>
        </Group>
      </Stack>
    </Panel>
  );
}

const SaveWords = ({ jobs }: { readonly jobs: readonly Job[] }) => {
  const running = jobs.filter(isRunning).map(({ name }) => name);
  return (
    <>
      The options are stored; nobody is called.{' '}
      {running.length === 0
        ? 'No job runs with it: the next start of one takes the new options.'
        : `${running.join(', ')} ${running.length === 1 ? 'goes' : 'go'} on with the options of before until restarted. The page that comes next has a button for each.`}
    </>
  );
};

function Uses({ jobs }: { readonly jobs: readonly Job[] }) {
  if (jobs.length === 0) return <Text size="sm">No job uses it.</Text>;
  return (
    <Text size="sm" component="div">
      {plural(jobs.length, 'job')} {jobs.length === 1 ? 'uses' : 'use'} it:{' '}
      {jobs.map(({ id, name }, index) => (
        <span key={id}>
          {index > 0 && ', '}
          <PageLink to="/jobs/$name" params={{ name }} underline="always">
            {name}
          </PageLink>
        </span>
      ))}
      . A job that runs sees the change when it is restarted, not before.
    </Text>
  );
}
