import type { FieldChange, Plan, Step } from '@millrace/sdk/config';
import { printable } from '../table.ts';

const SIGNS = { create: '+', change: '~', replace: '!', restart: '>', delete: '-', unchanged: '=' } as const;
const VALUE_LENGTH_MAX = 120;

/** What a plan would do, for people: a line for each thing, its fields below, and how much there is of what. */
export function planLines({ steps }: Plan): readonly string[] {
  const shown = steps.filter(({ action }) => action !== 'unchanged');
  return [...shown.flatMap(stepLines), countLine(steps)];
}

/** One line of a step, as it is said before and after it is done. */
export const stepLine = ({ action, kind, name }: Step): string => `${action} ${kind} ${printable(name)}`;

export const hasDifferences = ({ steps }: Plan): boolean => steps.some(({ action }) => action !== 'unchanged');

function stepLines(step: Step): readonly string[] {
  const { action, because, changes, deadLetters } = step;
  const letters = deadLetters === 0 ? '' : ` and ${deadLetters} unresolved dead letters`;
  const consequence = {
    replace: `: ends with its state, its slot${letters}, and is made anew`,
    delete: letters === '' ? '' : `: with its state${letters}`,
    restart: ': goes on from its newest snapshot',
    create: '',
    change: '',
    unchanged: '',
  }[action];
  const reason = because.length === 0 ? '' : ` (${because.map(printable).join('; ')})`;
  const fields = action === 'delete' ? [] : changes.map((change) => `    ${fieldText(action === 'create', change)}`);
  return [`${SIGNS[action]} ${stepLine(step)}${consequence}${reason}`, ...fields];
}

function fieldText(isNew: boolean, { field, before, after }: FieldChange): string {
  const name = printable(field);
  return isNew ? `${name}: ${valueText(after)}` : `${name}: ${valueText(before)} -> ${valueText(after)}`;
}

function valueText(value: unknown): string {
  const text = value === undefined ? '(absent)' : printable(JSON.stringify(value));
  return text.length > VALUE_LENGTH_MAX ? `${text.slice(0, VALUE_LENGTH_MAX - 1)}…` : text;
}

function countLine(steps: readonly Step[]): string {
  const counts = new Map<string, number>();
  for (const { action } of steps) counts.set(action, (counts.get(action) ?? 0) + 1);
  const unchanged = counts.get('unchanged') ?? 0;
  counts.delete('unchanged');
  const rest = unchanged === 0 ? '' : `, ${unchanged} unchanged`;
  if (counts.size === 0) return `nothing to do${rest}`;
  return `${[...counts].map(([action, count]) => `${count} to ${action}`).join(', ')}${rest}`;
}
