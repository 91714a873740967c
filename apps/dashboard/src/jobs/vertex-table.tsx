import type { JobFigures } from '@millrace/sdk/client';
import type { Plan, PlanVertex } from '../api/plan.ts';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { count, duration, percent, rate } from '../parts/formats.ts';
import { TextButton } from '../parts/text-button.tsx';
import { StatusBadge } from '../parts/tone.tsx';
import { pressureTone } from './pressure.ts';

export interface VertexTableProps {
  readonly plan: Plan;
  readonly figures: JobFigures | null;
  readonly onChoose: (vertex: string) => void;
}

/** The graph as a table, in the order of the plan: all that it shows, in words. */
export function VertexTable({ plan, figures, onChoose }: VertexTableProps) {
  const of = (name: string) => figures?.vertices.find(({ vertex }) => vertex === name);
  const columns: readonly Column<PlanVertex>[] = [
    {
      name: 'Vertex',
      cell: ({ name }) => <TextButton onClick={() => onChoose(name)}>{name}</TextButton>,
    },
    { name: 'Does', isText: true, cell: ({ parts }) => parts.map(({ what }) => what).join(', ') },
    {
      name: 'Reads',
      isText: true,
      cell: ({ name }) =>
        plan.edges
          .filter(({ to }) => to === name)
          .map(({ from }) => from)
          .join(', ') || '—',
    },
    { name: 'In/s', cell: ({ name }) => rate(of(name)?.rowsInPerSecond), isNumber: true },
    { name: 'Out/s', cell: ({ name }) => rate(of(name)?.rowsOutPerSecond), isNumber: true },
    { name: 'Busy', cell: ({ name }) => percent(of(name)?.busy), isNumber: true },
    {
      name: 'Waits',
      cell: ({ name }) => {
        const figures = of(name);
        return <StatusBadge tone={pressureTone(figures)}>{percent(figures?.blocked)}</StatusBadge>;
      },
      isNumber: true,
    },
    { name: 'Queue', cell: ({ name }) => percent(of(name)?.queueFill), isNumber: true },
    { name: 'Watermark', cell: ({ name }) => duration(of(name)?.watermarkAgeMs), isNumber: true },
    { name: 'Rows in', cell: ({ name }) => count(of(name)?.rowsIn), isNumber: true },
  ];
  return <DataTable label="Vertices" columns={columns} rows={plan.vertices} keyOf={({ name }) => name} />;
}
