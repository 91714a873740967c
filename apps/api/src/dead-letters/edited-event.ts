import type { LetterEdit, LetterEvent, LetterImage } from '@millrace/catalog';
import { errorCode, suggestNames } from '@millrace/kernel';
import type { InputIssue } from '@millrace/pipeline';
import { inputInvalid } from '../http/errors.ts';
import type { EditLetter } from './dead-letter.schemas.ts';

const user = { domain: 'user', retry: 'never' } as const;

export const NotEditable = errorCode('dead_letter.not_editable', { ...user, title: 'This record cannot be edited' });
export const UnknownColumn = errorCode('dead_letter.unknown_column', {
  ...user,
  title: 'The table has no such column',
});
export const ColumnMissing = errorCode('dead_letter.column_missing', { ...user, title: 'A column has no value' });
export const KeyMissing = errorCode('dead_letter.key_missing', { ...user, title: 'A key column has no value' });
/** Order per key, and which instance of a stage owns a record, go by the key. */
export const KeyChanged = errorCode('dead_letter.key_changed', { ...user, title: 'The key cannot be changed' });
export const ImageMismatch = errorCode('dead_letter.image_mismatch', {
  ...user,
  title: 'The images do not fit the kind of change',
});

type Side = 'before' | 'after';

const pointerTo = (side: Side, column: string): string =>
  `/${side}/${column.replaceAll('~', '~0').replaceAll('/', '~1')}`;

/**
 * The record with an edit: named columns changed, the others as they are. `op: 'd'` alone makes a delete of its key out of anything.
 * @throws MillraceError `input.invalid` with everything that is wrong
 */
export function editedEvent(current: LetterEvent, edit: EditLetter): LetterEdit {
  if (current.op === 't') {
    throw inputInvalid([
      {
        code: NotEditable.code,
        message: 'a truncation has no row to edit',
        mend: 'Replay it as it is, or discard it.',
        pointer: '',
      },
    ]);
  }
  const op = edit.op ?? current.op;
  const event = { ...current, op, before: beforeOf(current, edit, op), after: afterOf(current, edit, op) };
  const issues = [
    ...unknownColumns(edit, current),
    ...fits(event),
    ...keyIssues(event, current),
    ...missingColumns(event),
  ];
  if (issues.length > 0) throw inputInvalid(issues);
  return { event, changed: changedNames(edit) };
}

const merged = (image: LetterImage | null, edit: LetterImage | null | undefined): LetterImage | null =>
  edit === undefined ? image : edit === null ? null : { ...image, ...edit };

function beforeOf(current: LetterEvent, edit: EditLetter, op: LetterEvent['op']): LetterImage | null {
  const before = merged(current.before, edit.before);
  if (edit.before !== undefined || edit.op === undefined) return before;
  if (op === 'c' || op === 'r') return null;
  return op === 'd' && before === null ? keyOf(current) : before;
}

const afterOf = (current: LetterEvent, edit: EditLetter, op: LetterEvent['op']): LetterImage | null =>
  edit.op !== undefined && op === 'd' && edit.after === undefined ? null : merged(current.after, edit.after);

const keyColumns = ({ schema }: LetterEvent): readonly string[] =>
  schema.columns.filter(({ key }) => key).map(({ name }) => name);

function keyOf(event: LetterEvent): LetterImage | null {
  const image = event.after ?? event.before;
  return image === null ? null : Object.fromEntries(keyColumns(event).map((column) => [column, image[column] ?? null]));
}

function unknownColumns(edit: EditLetter, { schema }: LetterEvent): readonly InputIssue[] {
  const known = schema.columns.map(({ name }) => name);
  return (['before', 'after'] as const).flatMap((side) =>
    Object.keys(edit[side] ?? {})
      .filter((column) => !known.includes(column))
      .map((column) => ({
        code: UnknownColumn.code,
        message: `the table has no column ${JSON.stringify(column)}`,
        mend: suggestNames('column', column, known),
        pointer: pointerTo(side, column),
      })),
  );
}

/** A created or updated row has an `after`, a deleted one a `before` and nothing after. */
function fits({ op, before, after }: LetterEvent): readonly InputIssue[] {
  const wrong = (side: Side, message: string, mend: string): InputIssue => ({
    code: ImageMismatch.code,
    message,
    mend,
    pointer: `/${side}`,
  });
  if (op === 'd') {
    return [
      ...(after === null ? [] : [wrong('after', 'a deleted row has no after', 'Send "after": null.')]),
      ...(before === null ? [wrong('before', 'a deleted row needs its key', 'Give the key columns in before.')] : []),
    ];
  }
  if (after === null) return [wrong('after', 'the row has no after', 'Give its columns in after, or send "op": "d".')];
  return op !== 'u' && before !== null
    ? [wrong('before', 'a row that is new has no before', 'Send "before": null.')]
    : [];
}

function keyIssues(event: LetterEvent, current: LetterEvent): readonly InputIssue[] {
  const known = current.after ?? current.before ?? {};
  const sides: readonly Side[] = event.op === 'd' ? ['before'] : ['after'];
  return sides.flatMap((side) =>
    keyColumns(event).flatMap((column): readonly InputIssue[] => {
      const image = event[side];
      if (image === null) return [];
      const value = image[column] ?? null;
      const pointer = pointerTo(side, column);
      if (value === null) {
        const message = `the key column ${JSON.stringify(column)} has no value`;
        return [{ code: KeyMissing.code, message, mend: 'Give it as text.', pointer }];
      }
      if (value === (known[column] ?? null)) return [];
      const message = `the key column ${JSON.stringify(column)} can't be changed: order per key goes by it`;
      const mend = 'Discard the letter and write the row with the other key at the source.';
      return [{ code: KeyChanged.code, message, mend, pointer }];
    }),
  );
}

/** Only an update may leave out columns: they did not change. */
function missingColumns({ op, after, schema }: LetterEvent): readonly InputIssue[] {
  if ((op !== 'c' && op !== 'r') || after === null) return [];
  return schema.columns
    .filter(({ name, key }) => !key && !Object.hasOwn(after, name))
    .map(({ name }) => ({
      code: ColumnMissing.code,
      message: `the column ${JSON.stringify(name)} has no value, and a row that is new needs all`,
      mend: 'Give it as text, or null.',
      pointer: pointerTo('after', name),
    }));
}

const changedNames = ({ op, before, after }: EditLetter): readonly string[] => [
  ...(op === undefined ? [] : ['op']),
  ...[{ before }, { after }].flatMap((side) =>
    Object.entries(side).flatMap(([name, image]) =>
      image === undefined ? [] : image === null ? [name] : Object.keys(image).map((column) => `${name}.${column}`),
    ),
  ),
];
