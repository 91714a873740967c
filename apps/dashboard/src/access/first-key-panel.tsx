import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import type { IssuedApiKey } from '@millrace/sdk/client';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { Call } from '../api/call.ts';
import { api } from '../api/client.ts';
import { CallAsCurl } from '../parts/call-as-curl.tsx';
import { Panel } from '../parts/panel.tsx';
import { ProblemAlert } from '../parts/problem-alert.tsx';
import { useLogin } from './login-page.tsx';
import { ShownOnce } from './shown-once.tsx';

/** The first run: whoever is on this machine may do everything, until there is a key. */
export function FirstKeyPanel() {
  const [name, setName] = useState('admin');
  const [issued, setIssued] = useState<IssuedApiKey>();
  const login = useLogin();
  const call: Call<{ data?: IssuedApiKey }> = (to) =>
    to.POST('/api/v1/first-key', { body: { name, expiresIn: '90d' } });
  const make = useMutation({ mutationFn: () => call(api), onSuccess: ({ data }) => setIssued(data) });
  return (
    <Panel title="Make the first key">
      <Stack gap="sm" maw={620}>
        {issued === undefined ? (
          <>
            <Text size="sm">
              There is no key yet, so whoever is on this machine may do everything, and nobody else is let in. The first
              key is an admin's and works for 90 days; from then on every caller needs one, this page too.
            </Text>
            <TextInput label="Name" value={name} onChange={(event) => setName(event.currentTarget.value)} maw={280} />
            <CallAsCurl call={call} />
            {make.error !== null && <ProblemAlert error={make.error} />}
            <Group>
              <Button loading={make.isPending} onClick={() => make.mutate()}>
                Make the first key
              </Button>
            </Group>
          </>
        ) : (
          <>
            <ShownOnce issued={issued} />
            {login.error !== null && <ProblemAlert error={login.error} />}
            <Group>
              <Button loading={login.isPending} onClick={() => login.mutate(issued.key)}>
                I have kept it: go on with it
              </Button>
            </Group>
          </>
        )}
      </Stack>
    </Panel>
  );
}
