import { MillraceError } from '@millrace/kernel';
import { DefinitionInvalid } from '../errors.ts';

/** Room for what is put behind a name: `__` and a build number, or the suffix of an index. */
const NAME_CHARS_MAX = 40;

export const DEFAULT_SCHEMA = 'eventstore';

/**
 * Names that become parts of identifiers: schemas, groups, projections, tables.
 * @throws MillraceError `eventstore.definition_invalid`
 */
export function checkName(what: string, name: string): string {
  if (/^[a-z][a-z0-9_-]*$/.test(name) && name.length <= NAME_CHARS_MAX) return name;
  throw new MillraceError(DefinitionInvalid, {
    message: `"${name}" is no name of a ${what}`,
    mend: `Small letters, digits, "_" and "-", a letter first, at most ${NAME_CHARS_MAX} characters.`,
  });
}

export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
