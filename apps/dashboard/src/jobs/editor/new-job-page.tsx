import type { Diagnostic } from '@codemirror/lint';
import { Alert, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { ApiProblem } from '@millrace/sdk/client';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useMemo, useState } from 'react';
import { connectorsQuery, definitionsQuery } from '../../api/definition-queries.ts';
import { planOf } from '../../api/job-queries.ts';
import { ConfirmAction } from '../../parts/confirm-action.tsx';
import { plural } from '../../parts/formats.ts';
import { Loading } from '../../parts/loading.tsx';
import { Page } from '../../parts/page.tsx';
import { ProblemAlert } from '../../parts/problem-alert.tsx';
import { StatusBadge } from '../../parts/tone.tsx';
import { completer, type Known } from './complete.ts';
import { problemFindings, readTyped } from './findings.ts';
import { template } from './template.ts';
import YamlEditor from './yaml-editor.tsx';

const Graph = lazy(() => import('../graph/graph.tsx'));

/** Typing is answered when it pauses for this long. */
const PAUSE_MS = 350;

/** A job written as YAML: checked while it is typed, its graph beside it, its plan before it is made. */
export function NewJobPage() {
  const sources = useQuery(definitionsQuery('sources'));
  const sinks = useQuery(definitionsQuery('sinks'));
  const connectors = useQuery(connectorsQuery);
  if (sources.data === undefined || sinks.data === undefined || connectors.data === undefined) {
    const error = sources.error ?? sinks.error ?? connectors.error;
    return <Page title="New job">{error !== null && <ProblemAlert error={error} />}</Page>;
  }
  return <Editor known={{ sources: sources.data, sinks: sinks.data, connectors: connectors.data }} />;
}

function Editor({ known }: { readonly known: Known }) {
  const navigate = useNavigate();
  const search = useSearch({ from: '/new-job' });
  const initial = useMemo(() => template(known, search), [known, search]);
  const [text, setText] = useState(initial);
  const [settled] = useDebouncedValue(text, PAUSE_MS);
  const typed = useMemo(() => readTyped(settled), [settled]);
  const plan = useQuery({
    queryKey: ['plans', 'typed', JSON.stringify(typed.value)],
    queryFn: ({ signal }) => planOf(typed.value, signal),
    enabled: typed.value !== undefined,
    placeholderData: (before) => before,
    retry: false,
  });
  const findings = useMemo((): readonly Diagnostic[] => {
    if (typed.findings.length > 0) return typed.findings;
    return plan.error instanceof ApiProblem ? problemFindings(typed.document, plan.error.problem) : [];
  }, [typed, plan.error]);
  const complete = useMemo(() => completer(known), [known]);
  const isGood = findings.length === 0 && plan.error === null && plan.data !== undefined && settled === text;
  return (
    <Page
      title="New job"
      about="Checked while you type; nothing runs before you create it"
      actions={
        <ConfirmAction
          label="Create"
          needs="editor"
          variant="filled"
          isDisabled={!isGood}
          says="The systems of the job are asked whether they can do it. If they can, a worker takes it up and it runs; if not, nothing is kept."
          call={(api) => api.POST('/api/v1/jobs', { body: typed.value as never })}
          onDone={({ data }) => data !== undefined && void navigate({ to: '/jobs/$name', params: { name: data.name } })}
        />
      }
    >
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md">
        <YamlEditor
          initial={initial}
          label="The job as YAML"
          complete={complete}
          findings={findings}
          onChange={setText}
        />
        <Stack gap="sm">
          <Verdict findings={findings} text={text} isGood={isGood} />
          {plan.error !== null && !(plan.error instanceof ApiProblem && plan.error.problem.status === 422) && (
            <ProblemAlert error={plan.error} />
          )}
          {plan.data !== undefined && (
            <Suspense fallback={<Loading />}>
              <Graph plan={plan.data} figures={null} />
            </Suspense>
          )}
        </Stack>
      </SimpleGrid>
    </Page>
  );
}

interface VerdictProps {
  readonly findings: readonly Diagnostic[];
  readonly text: string;
  readonly isGood: boolean;
}

/** What is wrong with the text, by line, or that it can be made. Said aloud when it changes. */
function Verdict({ findings, text, isGood }: VerdictProps) {
  return (
    <div role="status" aria-live="polite">
      {isGood && <StatusBadge tone="ok">This is how it would run</StatusBadge>}
      {findings.length > 0 && (
        <Alert color="red" variant="default" title={`${plural(findings.length, 'thing is', 'things are')} wrong`}>
          <Stack gap="xs">
            {findings.map(({ from, message }) => (
              <Group key={`${from}${message}`} gap="sm" wrap="nowrap" align="flex-start">
                <Text size="sm" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
                  line {text.slice(0, from).split('\n').length}
                </Text>
                <Text size="sm" style={{ whiteSpace: 'pre-wrap' }}>
                  {message}
                </Text>
              </Group>
            ))}
          </Stack>
        </Alert>
      )}
    </div>
  );
}
