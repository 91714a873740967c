import { Button, Stack, Text } from '@mantine/core';
import type { Finding } from '@millrace/sdk/client';
import { useQuery } from '@tanstack/react-query';
import { checkQuery, type Kind } from '../api/definition-queries.ts';
import { timeOfDay } from '../parts/formats.ts';
import { Mend } from '../parts/mend.tsx';
import { Panel } from '../parts/panel.tsx';
import { QueryView } from '../parts/query-view.tsx';
import { StatusBadge, type Tone } from '../parts/tone.tsx';

const TONES: Readonly<Record<Finding['severity'], Tone>> = { ok: 'ok', warning: 'warn', error: 'bad' };
const WORDS: Readonly<Record<Finding['severity'], string>> = { ok: 'Fine', warning: 'Look at it', error: 'Missing' };
const RANK: Readonly<Record<Finding['severity'], number>> = { error: 0, warning: 1, ok: 2 };

/** What a system was found to have and to lack, with what to do. */
export function Findings({ findings }: { readonly findings: readonly Finding[] }) {
  const sorted = findings.toSorted((a, b) => RANK[a.severity] - RANK[b.severity]);
  return (
    <Stack gap="sm" component="ul" p={0} m={0} style={{ listStyle: 'none' }}>
      {sorted.map((finding) => (
        <li key={`${finding.code}${finding.message}`}>
          <Text size="sm" component="div" mb={finding.mend === undefined ? 0 : 4}>
            <StatusBadge tone={TONES[finding.severity]}>{WORDS[finding.severity]}</StatusBadge>
            <span style={{ marginLeft: '0.625rem', overflowWrap: 'anywhere' }}>{finding.message}</span>
          </Text>
          {finding.mend !== undefined && <Mend text={finding.mend} />}
        </li>
      ))}
    </Stack>
  );
}

/** Asks the system of a source or sink whether all is there; again on request. */
export function CheckPanel({ kind, name }: { readonly kind: Kind; readonly name: string }) {
  const query = useQuery(checkQuery(kind, name));
  return (
    <Panel
      title="What it needs"
      aside={
        <Button variant="default" size="compact-xs" loading={query.isFetching} onClick={() => void query.refetch()}>
          Check again
        </Button>
      }
    >
      <QueryView query={query}>
        {({ ok, findings }) => (
          <Stack gap="sm">
            <Text size="sm" component="div">
              <StatusBadge tone={ok ? 'ok' : 'bad'}>{ok ? 'Everything is there' : 'Something is missing'}</StatusBadge>
              <Text span c="dimmed" ml="sm">
                asked at {timeOfDay(new Date(query.dataUpdatedAt))}
              </Text>
            </Text>
            <Findings findings={findings} />
          </Stack>
        )}
      </QueryView>
    </Panel>
  );
}
