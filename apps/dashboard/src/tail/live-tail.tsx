import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { ApiProblem } from '@millrace/sdk/client';
import { IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { useMe } from '../api/me.ts';
import { count, plural } from '../parts/formats.ts';
import { ProblemAlert } from '../parts/problem-alert.tsx';
import { StatusBadge, type Tone, ToneBox } from '../parts/tone.tsx';
import { useLiveState } from '../shell/live-context.tsx';
import { TailRows } from './tail-rows.tsx';
import { ROWS_MAX, type Tail, useTail } from './use-tail.ts';

/** Typing is answered when it pauses for this long. */
const PAUSE_MS = 400;

const WATCHING = 'Watching';

export interface LiveTailProps {
  /** Of the API, with what is looked at. */
  readonly path: string;
  /** What else may be chosen, before the filter. */
  readonly children?: ReactNode;
}

/** Rows as they go by, while somebody looks; a filter that is tried as it is typed; held for reading. */
export default function LiveTail(props: LiveTailProps) {
  const { may } = useMe();
  if (may('operator')) return <Watching {...props} />;
  return <Text size="sm">Rows are data of the systems: to look at them takes the role operator.</Text>;
}

function Watching({ path, children }: LiveTailProps) {
  const [typed, setTyped] = useState('');
  const [isHeld, setHeld] = useState(false);
  const [filter] = useDebouncedValue(typed.trim(), PAUSE_MS);
  const url = filter === '' ? path : `${path}${path.includes('?') ? '&' : '?'}filter=${encodeURIComponent(filter)}`;
  const tail = useTail(url, isHeld);
  const { ended } = tail;
  const refused = ended instanceof ApiProblem && ended.problem.pointer === '/filter' ? ended.problem.detail : undefined;
  return (
    <Stack gap="sm">
      <Group align="flex-start" gap="sm">
        {children}
        <TextInput
          label="Only rows where"
          placeholder="after.total > 100"
          value={typed}
          error={refused}
          flex={1}
          miw={220}
          autoComplete="off"
          spellCheck={false}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
      </Group>
      <Group justify="space-between" gap="xs">
        <TailState tail={tail} isHeld={isHeld} />
        <Group gap="xs">
          {ended === undefined ? (
            <Button
              variant={isHeld ? 'filled' : 'default'}
              aria-pressed={isHeld}
              leftSection={isHeld ? <IconPlayerPlay size={13} /> : <IconPlayerPause size={13} />}
              onClick={() => setHeld(!isHeld)}
            >
              {isHeld ? 'Go on' : 'Hold'}
            </Button>
          ) : (
            <Button variant="default" onClick={tail.begin}>
              Begin again
            </Button>
          )}
          <Button variant="default" disabled={tail.rows.length === 0} onClick={tail.clear}>
            Clear
          </Button>
        </Group>
      </Group>
      {ended instanceof ApiProblem && refused === undefined && <ProblemAlert error={ended} />}
      {typeof ended === 'string' && (
        <ToneBox tone="bad" role="alert">
          <Text size="sm">{ended}</Text>
        </ToneBox>
      )}
      {tail.rows.length > 0 && <TailRows key={tail.round} rows={tail.rows} />}
      <Text size="xs" c="dimmed">
        {plural(tail.count, 'row')} seen, {count(tail.passedOver)} passed over
        {tail.begun !== undefined &&
          ` (more than ${tail.begun.rowsPerSecond} a second, or the filter is not true of them)`}
        {tail.count > ROWS_MAX && `; the newest ${ROWS_MAX} are kept`}.
      </Text>
    </Stack>
  );
}

function TailState({ tail, isHeld }: { readonly tail: Tail; readonly isHeld: boolean }) {
  const { frozenAt } = useLiveState();
  const [tone, words] = stateWords(tail, isHeld, frozenAt !== undefined);
  return (
    <Text size="sm" component="div">
      <StatusBadge tone={tone}>{words}</StatusBadge>
      {words === WATCHING && (
        <Text span size="sm" c="dimmed" ml="xs">
          {tail.begun!.job.name}, rows that leave {[...new Set(tail.begun!.edges.map(({ from }) => from))].join(', ')}
        </Text>
      )}
    </Text>
  );
}

function stateWords({ ended, begun, state }: Tail, isHeld: boolean, isFrozen: boolean): readonly [Tone, string] {
  if (ended !== undefined) return ['bad', 'Nothing more comes'];
  if (isHeld) return ['idle', 'Held: workers are not asked for rows'];
  if (isFrozen) return ['idle', 'Frozen with the page'];
  if (state === 'lost') return ['warn', 'The API is away; it goes on by itself'];
  if (begun === undefined || state !== 'open') return ['busy', 'Asking for rows'];
  return ['ok', WATCHING];
}
