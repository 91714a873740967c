import { Checkbox, Group, Table, Text, TextInput } from '@mantine/core';
import type { DeadLetterDetail } from '@millrace/sdk/client';
import { useState } from 'react';
import { ConfirmAction } from '../parts/confirm-action.tsx';
import panel from '../parts/panel.module.css';

type Row = Record<string, string | null>;

const OPERATIONS = { c: 'insert', u: 'update', d: 'delete', r: 'row of the initial load', t: 'truncate' } as const;

/** The record column by column. What is changed here is what is replayed; the original is kept. */
export function RecordEditor({ job, letter }: { readonly job: string; readonly letter: DeadLetterDetail }) {
  const event = letter.edited ?? letter.event;
  const side = event.after === null ? 'before' : 'after';
  const now: Row = event[side] ?? {};
  const original: Row = letter.event[side] ?? {};
  const before: Row | null = side === 'after' ? event.before : null;
  const [changes, setChanges] = useState<Row>({});
  const isOpen = letter.state === 'open';
  const change = (column: string, value: string | null): void => {
    const { [column]: _, ...others } = changes;
    setChanges(value === now[column] ? others : { ...others, [column]: value });
  };
  const names = Object.keys(now);
  const changed = Object.keys(changes);
  return (
    <div>
      <Text size="sm" mb={4}>
        <b>The record</b>, {OPERATIONS[event.op]}
        {letter.isEdited ? ', as edited' : ''}
      </Text>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={panel['table']} aria-label="Columns" tabIndex={0}>
        <Table aria-label="Columns">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Column</Table.Th>
              {before !== null && <Table.Th>Before</Table.Th>}
              <Table.Th>{side === 'after' ? 'After' : 'Deleted row'}</Table.Th>
              <Table.Th>NULL</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {names.map((column) => {
              const value = column in changes ? changes[column]! : now[column]!;
              const isKey = column in letter.key;
              return (
                <Table.Tr key={column}>
                  <Table.Td>{isKey ? <b title="Part of the key: it cannot be changed">{column}</b> : column}</Table.Td>
                  {before !== null && <Table.Td>{before[column] === null ? <i>NULL</i> : before[column]}</Table.Td>}
                  <Table.Td>
                    <TextInput
                      size="xs"
                      aria-label={column}
                      value={value ?? ''}
                      placeholder={value === null ? 'NULL' : undefined}
                      readOnly={!isOpen || isKey}
                      variant={!isOpen || isKey ? 'unstyled' : 'default'}
                      disabled={isOpen && value === null}
                      description={
                        (value ?? null) === (original[column] ?? null) ? undefined : `was ${original[column] ?? 'NULL'}`
                      }
                      onChange={(input) => change(column, input.currentTarget.value)}
                    />
                  </Table.Td>
                  <Table.Td>
                    <Checkbox
                      size="xs"
                      aria-label={`${column} is NULL`}
                      checked={value === null}
                      disabled={!isOpen || isKey}
                      onChange={(input) =>
                        change(column, input.currentTarget.checked ? null : (original[column] ?? ''))
                      }
                    />
                  </Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </section>
      {isOpen && (
        <Group mt="xs">
          <ConfirmAction
            label="Save the edits"
            needs="editor"
            isDisabled={changed.length === 0}
            says={`The record will be replayed with ${changed.join(', ')} as written here. The original is kept, and the edit can be undone.`}
            call={(api) =>
              api.PATCH('/api/v1/jobs/{id}/dead-letters/{letterId}', {
                params: { path: { id: job, letterId: letter.id } },
                body: { [side]: changes },
              })
            }
            onDone={() => setChanges({})}
          />
        </Group>
      )}
    </div>
  );
}
