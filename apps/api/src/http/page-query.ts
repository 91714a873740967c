import type { Page, PageRequest } from '@millrace/catalog';
import { MillraceError } from '@millrace/kernel';
import { z } from 'zod';
import { BadParameter } from './errors.ts';

const LIMIT_MAX = 200;
const LIMIT_DEFAULT = 50;

export const pageQuerySchema = z.strictObject({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(LIMIT_MAX)
    .default(LIMIT_DEFAULT)
    .meta({ description: 'Items in one answer.' }),
  cursor: z.string().max(200).optional().meta({ description: 'nextCursor of the answer before.' }),
});

export type PageQuery = z.infer<typeof pageQuerySchema>;

const ID = /^[0-9A-HJKMNP-TV-Z]{26}$/;

/** @throws MillraceError `request.bad_parameter` */
export function pageRequest({ limit, cursor }: PageQuery): PageRequest {
  if (cursor === undefined) return { limit };
  return { limit, after: readCursor(cursor, ID)[0] };
}

/** The text that a cursor was made of, taken apart by `pattern`. @throws MillraceError `request.bad_parameter` for one that is not ours */
export function readCursor(cursor: string, pattern: RegExp): RegExpExecArray {
  const match = pattern.exec(Buffer.from(cursor, 'base64url').toString());
  if (match === null) {
    throw new MillraceError(BadParameter, {
      message: 'cursor is not one of an answer of this API',
      mend: 'Pass nextCursor of the answer before as it is, or leave cursor away for the first page.',
      details: { parameter: 'cursor' },
    });
  }
  return match;
}

export const writeCursor = (text: string): string => Buffer.from(text).toString('base64url');

export interface PageView<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

export const pageView = <T, V>({ items, next }: Page<T>, view: (item: T) => V): PageView<V> => ({
  items: items.map(view),
  nextCursor: next === undefined ? null : writeCursor(next),
});
