import { Button } from '@mantine/core';
import type { Figures, Plan, PlanVertex } from '../api/figures.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { count } from '../parts/formats.ts';

export interface VertexTableProps {
  readonly plan: Plan;
  readonly figures: Figures | null;
  readonly onChoose: (vertex: string) => void;
}

/** The graph as a table, in the order of the plan. */
export function VertexTable({ plan, figures, onChoose }: VertexTableProps) {
  const of = (name: string) => figures?.vertices.find(({ vertex }) => vertex === name);
  const columns: readonly Column<PlanVertex>[] = [
    {
      name: 'Vertex',
      cell: ({ name }) => (
        <Button variant="subtle" size="compact-sm" onClick={() => onChoose(name)}>
          {name}
        </Button>
      ),
    },
    { name: 'Does', cell: ({ parts }) => parts.map(({ what }) => what).join(', ') },
    {
      name: 'Reads',
      cell: ({ name }) =>
        plan.edges
          .filter(({ to }) => to === name)
          .map(({ from }) => from)
          .join(', ') || '—',
    },
    { name: 'Instances', cell: ({ parallelism }) => count(parallelism), isNumber: true },
    { name: 'Rows in', cell: ({ name }) => count(of(name)?.rowsIn), isNumber: true },
    { name: 'Rows out', cell: ({ name }) => count(of(name)?.rowsOut), isNumber: true },
  ];
  return <DataTable label="Vertices" columns={columns} rows={plan.vertices} keyOf={({ name }) => name} />;
}
