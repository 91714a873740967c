import { Checkbox, Group } from '@mantine/core';
import type { DeadLetter } from '@millrace/sdk/client';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { count } from '../parts/formats.ts';
import { Since } from '../parts/since.tsx';
import { TextButton } from '../parts/text-button.tsx';
import { StatusBadge } from '../parts/tone.tsx';

export interface LettersTableProps {
  readonly letters: readonly DeadLetter[];
  /** Those that are ticked; `undefined`: none can be. */
  readonly chosen: ReadonlySet<string> | undefined;
  readonly onChosen: (chosen: ReadonlySet<string>) => void;
  readonly onOpen: (id: string) => void;
}

const keyText = (key: DeadLetter['key']): string =>
  Object.entries(key)
    .map(([name, value]) => `${name}=${value ?? 'NULL'}`)
    .join(' ');

export function LettersTable({ letters, chosen, onChosen, onOpen }: LettersTableProps) {
  const toggle = (id: string): void => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    onChosen(next);
  };
  const columns: readonly Column<DeadLetter>[] = [
    {
      name: 'Record',
      cell: ({ id, isEdited, isParked }) => (
        <Group gap="xs" wrap="nowrap">
          {chosen !== undefined && (
            <Checkbox size="xs" aria-label={`Choose ${id}`} checked={chosen.has(id)} onChange={() => toggle(id)} />
          )}
          <TextButton onClick={() => onOpen(id)}>{id}</TextButton>
          {isEdited && <StatusBadge tone="busy">edited</StatusBadge>}
          {isParked && <StatusBadge tone="idle">parked</StatusBadge>}
        </Group>
      ),
    },
    { name: 'Key', cell: ({ key }) => <code>{keyText(key)}</code> },
    { name: 'Table', cell: ({ table }) => table },
    { name: 'Why', isText: true, cell: ({ message }) => message },
    { name: 'Attempts', cell: ({ attempts }) => count(attempts), isNumber: true },
    { name: 'Set aside', cell: ({ firstAt }) => <Since at={firstAt} ago />, isNumber: true },
  ];
  return <DataTable label="Records" columns={columns} rows={letters} keyOf={({ id }) => id} />;
}
