const WILD = '*';
const REST = '>';

/** Whether a subject is one of those that a filter with wildcards names. */
export function isSubjectOf(subject: string, filter: string): boolean {
  const tokens = subject.split('.');
  const parts = filter.split('.');
  for (const [index, part] of parts.entries()) {
    if (part === REST) return tokens.length > index;
    if (index >= tokens.length || (part !== WILD && part !== tokens[index])) return false;
  }
  return tokens.length === parts.length;
}

/** A name as one token of a subject. */
export const subjectToken = (name: string): string => name.replace(/[^A-Za-z0-9_-]/g, '_') || '_';
