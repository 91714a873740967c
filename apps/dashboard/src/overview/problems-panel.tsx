import { Code, Group, Stack, Text } from '@mantine/core';
import type { FleetProblem } from '@millrace/sdk/client';
import { Mend } from '../parts/mend.tsx';
import { PageLink } from '../parts/page-link.tsx';
import { Panel } from '../parts/panel.tsx';
import { Since } from '../parts/since.tsx';
import { StatusBadge, ToneBox } from '../parts/tone.tsx';

/** What is wrong: what, since when, what to do, and where. */
export function ProblemsPanel({ problems }: { readonly problems: readonly FleetProblem[] }) {
  return (
    <Panel title="Problems">
      {problems.length === 0 ? (
        <StatusBadge tone="ok">Nothing is wrong</StatusBadge>
      ) : (
        <Stack gap="xs" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
          {problems.map((problem) => (
            <li key={`${problem.code}${problem.target.id}`}>
              <ProblemBox problem={problem} />
            </li>
          ))}
        </Stack>
      )}
    </Panel>
  );
}

function ProblemBox({ problem }: { readonly problem: FleetProblem }) {
  const { code, severity, message, mend, since, target } = problem;
  const tone = severity === 'error' ? 'bad' : 'warn';
  return (
    <ToneBox tone={tone}>
      <Group justify="space-between" gap="xs" mb={4}>
        <Group gap="sm">
          <StatusBadge tone={tone}>
            <Target code={code} target={target} />
          </StatusBadge>
          <Code>{code}</Code>
        </Group>
        {since !== null && (
          <Text size="xs" c="dimmed">
            for <Since at={since} />
          </Text>
        )}
      </Group>
      <Text size="sm" mb={4} style={{ overflowWrap: 'anywhere' }}>
        {message}
      </Text>
      <Mend text={mend}>
        {!mend.includes('/api/v1/') && (
          <>
            {' '}
            <Where code={code} target={target} />.
          </>
        )}
      </Mend>
    </ToneBox>
  );
}

/** Where what is to be done is done, for advice that names no call. */
function Where({ code, target: { name } }: Pick<FleetProblem, 'code' | 'target'>) {
  switch (code) {
    case 'job.lag':
    case 'job.restarting':
      return (
        <PageLink to="/jobs/$name" params={{ name }} underline="always">
          See its graph
        </PageLink>
      );
    case 'snapshot.late':
      return (
        <PageLink to="/jobs/$name" params={{ name }} search={{ tab: 'snapshots' }} underline="always">
          See its snapshots
        </PageLink>
      );
    case 'slot.lost':
    case 'slot.retains_log':
      return (
        <PageLink to="/sources/$name" params={{ name }} underline="always">
          See its slots and their jobs
        </PageLink>
      );
    case 'api_key.expires':
      return (
        <PageLink to="/access" underline="always">
          Go to the keys
        </PageLink>
      );
    default:
      return (
        <PageLink to="/members" underline="always">
          See the workers
        </PageLink>
      );
  }
}

function Target({ code, target: { kind, name } }: Pick<FleetProblem, 'code' | 'target'>) {
  const look = { fw: 600, c: 'inherit' } as const;
  if (kind === 'job')
    return (
      <PageLink
        to="/jobs/$name"
        params={{ name }}
        search={code.startsWith('dead_letter') ? { tab: 'dead-letters' } : {}}
        {...look}
      >
        {name}
      </PageLink>
    );
  if (kind === 'source')
    return (
      <PageLink to="/sources/$name" params={{ name }} {...look}>
        {name}
      </PageLink>
    );
  if (kind === 'api-key')
    return (
      <PageLink to="/access" {...look}>
        {name}
      </PageLink>
    );
  return (
    <PageLink to="/members" {...look}>
      {name}
    </PageLink>
  );
}
