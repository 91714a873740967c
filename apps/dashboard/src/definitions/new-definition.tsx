import { Button, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { ApiProblem, type Check, type Connector } from '@millrace/sdk/client';
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../api/client.ts';
import type { Kind } from '../api/definition-queries.ts';
import { ConfirmAction } from '../parts/confirm-action.tsx';
import { Panel } from '../parts/panel.tsx';
import { ProblemAlert } from '../parts/problem-alert.tsx';
import { StatusBadge } from '../parts/tone.tsx';
import { Findings } from './check-panel.tsx';
import { given, masked, type OptionSchema, type Options, optionsOfUrl } from './schema.ts';
import { SchemaForm } from './schema-form.tsx';

export interface NewDefinitionProps<P extends Check> {
  readonly kind: Kind;
  /** Of its role. */
  readonly connectors: readonly Connector[];
  readonly probe: (input: { readonly type: string; readonly config: Options }) => Promise<P>;
  /** Below what was found: tables of a source, guarantees of a sink. */
  readonly more: (found: P | undefined, type: string) => ReactNode;
  readonly onCreated: (name: string) => void;
}

/** Registers a source or a sink: where it is, what it lacks, its name. Nothing is kept before the last step. */
export function NewDefinition<P extends Check>({ kind, connectors, probe, more, onCreated }: NewDefinitionProps<P>) {
  const [type, setType] = useState(connectors[0]?.type ?? '');
  const [options, setOptions] = useState<Options>({});
  const [url, setUrl] = useState('');
  const [name, setName] = useState('');
  const look = useMutation({ mutationFn: () => probe({ type, config: given(options) }) });
  const schema = (connectors.find((each) => each.type === type)?.config ?? {}) as OptionSchema;
  const takesUrl = schema.properties?.['host'] !== undefined;
  const problem = look.error instanceof ApiProblem ? look.error.problem : undefined;
  const what = kind === 'sources' ? 'source' : 'sink';
  const change = (next: Options): void => {
    setOptions(next);
    look.reset();
  };
  const body = (config: Options) => ({ body: { name, type, config: { ...config } } });
  return (
    <Stack gap="md">
      <Panel title="1. Where it is">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            look.mutate();
          }}
        >
          <Stack gap="sm">
            <Group align="flex-end" gap="sm">
              <Select
                label="Type"
                data={connectors.map((each) => each.type)}
                value={type}
                allowDeselect={false}
                onChange={(next) => {
                  setType(next ?? type);
                  change({});
                }}
              />
              {takesUrl && (
                <TextInput
                  label="Paste its URL"
                  description="It fills in the fields below"
                  placeholder="postgres://user:password@host:5432/database"
                  value={url}
                  flex={1}
                  miw={260}
                  autoComplete="off"
                  onChange={(event) => {
                    const text = event.currentTarget.value;
                    const read = optionsOfUrl(text);
                    setUrl(read === undefined ? text : '');
                    if (read !== undefined) change({ ...options, ...read });
                  }}
                />
              )}
            </Group>
            <Text size="xs" c="dimmed">
              {connectors.find((each) => each.type === type)?.summary}
            </Text>
            <SchemaForm schema={schema} value={options} onChange={change} problem={problem} />
            {look.error !== null && <ProblemAlert error={look.error} />}
            <Group>
              <Button type="submit" loading={look.isPending}>
                Look at it
              </Button>
              <Text size="sm" c="dimmed">
                Connects and asks; changes nothing there, keeps nothing here.
              </Text>
            </Group>
          </Stack>
        </form>
      </Panel>
      {look.data !== undefined && (
        <Panel
          title="2. What it needs"
          aside={
            <StatusBadge tone={look.data.ok ? 'ok' : 'bad'}>
              {look.data.ok ? 'Everything is there' : 'Something is missing'}
            </StatusBadge>
          }
        >
          <Stack gap="sm">
            <Findings findings={look.data.findings} />
            {!look.data.ok && (
              <Group>
                <Button variant="default" loading={look.isPending} onClick={() => look.mutate()}>
                  Look again
                </Button>
              </Group>
            )}
          </Stack>
        </Panel>
      )}
      {more(look.data, type)}
      {look.data !== undefined && (
        <Panel title="Last: its name">
          <Group align="flex-end" gap="sm">
            <TextInput
              label="Name"
              description="Jobs call it by this"
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <ConfirmAction
              label={`Register the ${what}`}
              needs="editor"
              variant="filled"
              isDisabled={name.trim() === ''}
              says={`The ${what} "${name}" can be used by jobs. Its secrets are kept encrypted and never shown again.`}
              call={(to) => to.POST(`/api/v1/${kind}`, body(given(options)))}
              shown={(to) => to.POST(`/api/v1/${kind}`, body(masked(given(options), schema)))}
              onDone={() => onCreated(name)}
            />
          </Group>
        </Panel>
      )}
    </Stack>
  );
}

/** What a source or sink says before it is registered. */
export const probeOf =
  (kind: Kind) =>
  async (input: { readonly type: string; readonly config: Options }): Promise<Check> =>
    (await api.POST(`/api/v1/${kind}/probe`, { body: { ...input, config: { ...input.config } } })).data!;
