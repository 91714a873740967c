import { Checkbox, Group, Stack, Text } from '@mantine/core';
import type { DiscoveredTable, DiscoveredTables } from '@millrace/sdk/client';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { bytes, count, plural } from '../parts/formats.ts';
import { Mend } from '../parts/mend.tsx';
import { StatusBadge } from '../parts/tone.tsx';
import { Findings } from './check-panel.tsx';

export interface TablesProps {
  readonly tables: DiscoveredTables;
  /** Those that are ticked; without it none can be. */
  readonly chosen?: ReadonlySet<string>;
  readonly onChosen?: (chosen: ReadonlySet<string>) => void;
}

const stands = (table: DiscoveredTable): boolean => table.findings.some(({ severity }) => severity === 'error');

/** Tables of a source: how large, which key, and what stands against capturing them. */
export function TablesChooser({ tables, chosen, onChosen }: TablesProps) {
  const toggle = (id: string): void => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    onChosen?.(next);
  };
  const columns: readonly Column<DiscoveredTable>[] = [
    {
      name: 'Table',
      cell: ({ id }) =>
        onChosen === undefined ? (
          id
        ) : (
          <Checkbox size="xs" label={id} checked={chosen?.has(id)} onChange={() => toggle(id)} />
        ),
    },
    { name: 'Rows, about', cell: ({ rowsEstimate }) => count(rowsEstimate), isNumber: true },
    { name: 'Size', cell: ({ bytes: size }) => bytes(size), isNumber: true },
    { name: 'Key', cell: ({ key }) => (key.length === 0 ? 'none' : key.join(', ')) },
    { name: 'Replica identity', cell: ({ replicaIdentity }) => replicaIdentity ?? '—' },
    {
      name: 'To look at',
      isText: true,
      cell: (table) =>
        table.findings.filter(({ severity }) => severity !== 'ok').length === 0 ? (
          <StatusBadge tone="ok">nothing</StatusBadge>
        ) : (
          <Stack gap={4}>
            {table.findings.map((finding) => (
              <div key={finding.code}>
                <StatusBadge tone={stands(table) ? 'bad' : 'warn'}>{finding.message}</StatusBadge>
                {finding.mend !== undefined && <Mend text={finding.mend} />}
              </div>
            ))}
          </Stack>
        ),
    },
  ];
  return (
    <Stack gap="sm">
      {tables.findings.length > 0 && <Findings findings={tables.findings} />}
      <Group justify="space-between">
        <Text size="sm" c="dimmed">
          {plural(tables.items.length, 'table')}
          {tables.isCut ? '; there are more than are listed' : ''}
        </Text>
        {onChosen !== undefined && tables.items.length > 0 && (
          <Checkbox
            size="xs"
            label="All"
            checked={chosen?.size === tables.items.length}
            indeterminate={chosen !== undefined && chosen.size > 0 && chosen.size < tables.items.length}
            onChange={(event) => onChosen(new Set(event.currentTarget.checked ? tables.items.map(({ id }) => id) : []))}
          />
        )}
      </Group>
      <DataTable label="Tables" columns={columns} rows={tables.items} keyOf={({ id }) => id} />
    </Stack>
  );
}
