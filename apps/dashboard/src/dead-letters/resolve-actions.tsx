import { Checkbox, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Call } from '../api/call.ts';
import { ConfirmAction } from '../parts/confirm-action.tsx';
import type { LetterFilter } from './letter-queries.ts';

/** By name, or all that are alike. */
export type Which = { readonly ids: string[] } | { readonly filter: LetterFilter };

export interface ResolveProps {
  readonly job: string;
  readonly which: Which;
  /** How many, in words. */
  readonly words: string;
  readonly onDone?: () => void;
}

/** Has letters processed again by their stage. */
export function ReplayAction({ job, which, words, onDone }: ResolveProps) {
  const [withKey, setWithKey] = useState(false);
  const call: Call = (api) =>
    api.POST('/api/v1/jobs/{id}/dead-letters/replay', {
      params: { path: { id: job } },
      body: { ...which, withKey, dryRun: false },
    });
  return (
    <ConfirmAction
      label={`Replay ${words}`}
      needs="operator"
      variant="filled"
      says="The records go to the stage that set them aside, edited ones as edited, and on from there. One that fails again is open again, with the new reason."
      call={call}
      onDone={onDone}
    >
      <Checkbox
        label="Take along all open records of the same keys, so that their order holds"
        checked={withKey}
        onChange={(event) => setWithKey(event.currentTarget.checked)}
      />
    </ConfirmAction>
  );
}

/** Gives letters up. */
export function DiscardAction({ job, which, words, onDone }: ResolveProps) {
  const [because, setBecause] = useState('');
  const call: Call = (api) =>
    api.POST('/api/v1/jobs/{id}/dead-letters/discard', {
      params: { path: { id: job } },
      body: {
        ...which,
        withKey: false,
        dryRun: false,
        ...(because.trim() === '' ? {} : { because: because.trim() }),
      },
    });
  return (
    <ConfirmAction
      label={`Discard ${words}`}
      needs="operator"
      isFinal
      says="The records are given up for good: the target never sees these changes. They stay readable until the job is deleted."
      call={call}
      onDone={onDone}
    >
      <TextInput
        label="Because"
        description="Kept in the audit log"
        value={because}
        onChange={(event) => setBecause(event.currentTarget.value)}
        data-autofocus
      />
    </ConfirmAction>
  );
}
