import { describe, expect, it } from '@jest/globals';
import type { LetterEvent } from '@millrace/catalog';
import { toErrorRecord } from '@millrace/kernel';
import type { EditLetter } from './dead-letter.schemas.ts';
import { editedEvent } from './edited-event.ts';

const schema = { columns: ['id', 'total', 'a/b'].map((name) => ({ name, key: name === 'id' })) };
const created: LetterEvent = { op: 'c', schema, before: null, after: { id: '1', total: '0', 'a/b': 'x' } };
const updated: LetterEvent = { op: 'u', schema, before: null, after: { id: '1', total: '0' } };
const deleted: LetterEvent = { op: 'd', schema, before: { id: '1' }, after: null };
const truncated: LetterEvent = { op: 't', schema, before: null, after: null };

describe('an edit', () => {
  it.each<[string, LetterEvent, EditLetter, object]>([
    [
      'changes the columns it names',
      created,
      { after: { total: '7' } },
      { after: { id: '1', total: '7', 'a/b': 'x' } },
    ],
    ['can give a large value that was not resent', updated, { after: { 'a/b': null } }, { after: { 'a/b': null } }],
    ['makes a delete of a created row', created, { op: 'd' }, { op: 'd', before: { id: '1' }, after: null }],
    ['makes a delete of an updated row', updated, { op: 'd' }, { op: 'd', before: { id: '1' }, after: null }],
    [
      'makes a row of a deleted one',
      deleted,
      { op: 'u', after: { id: '1', total: '3' } },
      { op: 'u', after: { total: '3' } },
    ],
    ['makes an update a new row', updated, { op: 'c', after: { 'a/b': 'y' } }, { op: 'c', before: null }],
  ])('%s', (_, current, edit, expected) => {
    const { event } = editedEvent(current, edit);
    expect(event).toMatchObject(expected);
    expect(event.schema).toBe(current.schema);
  });

  it('names what it changed, and no values', () => {
    expect(editedEvent(created, { op: 'u', before: null, after: { total: '7', 'a/b': null } }).changed).toEqual([
      'op',
      'before',
      'after.total',
      'after.a/b',
    ]);
  });

  it.each<[string, LetterEvent, EditLetter, readonly string[]]>([
    [
      'of columns that are not there',
      created,
      { before: { x: '1' }, after: { totl: '1' } },
      [
        'dead_letter.unknown_column /before/x',
        'dead_letter.unknown_column /after/totl',
        'dead_letter.image_mismatch /before',
      ],
    ],
    ['without a key', created, { after: { id: null } }, ['dead_letter.key_missing /after/id']],
    ['with another key', created, { after: { id: '2' } }, ['dead_letter.key_changed /after/id']],
    ['of a delete with another key', deleted, { before: { id: '2' } }, ['dead_letter.key_changed /before/id']],
    ['that takes the row away', created, { after: null }, ['dead_letter.image_mismatch /after']],
    ['of a delete that loses its key', deleted, { before: null }, ['dead_letter.image_mismatch /before']],
    [
      'of a delete that keeps a row',
      created,
      { op: 'd', after: { total: '1' } },
      ['dead_letter.image_mismatch /after'],
    ],
    ['into a new row that lacks columns', updated, { op: 'c' }, ['dead_letter.column_missing /after/a~1b']],
    ['of a truncation', truncated, { op: 'd' }, ['dead_letter.not_editable ']],
  ])('%s is refused', (_, current, edit, expected) => {
    let thrown: unknown;
    try {
      editedEvent(current, edit);
    } catch (error) {
      thrown = error;
    }
    const { code, details } = toErrorRecord(thrown);
    expect(code).toBe('input.invalid');
    const errors = details?.errors as readonly { code: string; pointer: string; mend: string }[];
    expect(errors.map((issue) => `${issue.code} ${issue.pointer}`)).toEqual(expected);
    for (const { mend } of errors) expect(mend).toMatch(/./);
  });
});
