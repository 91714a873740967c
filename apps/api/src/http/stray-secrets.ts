import { holdsSecret } from '@millrace/kernel';
import { type InputIssue, jsonPointer } from '@millrace/pipeline';
import { SecretInDocument } from './errors.ts';

/** Issues reported of one document. */
const ISSUES_MAX = 20;

/**
 * Secrets that show by their form where none belongs: an API key of ours, a password in an address. A document is shown to whoever may read.
 * @param value not nested deeper than `refuseDeepBody` lets through
 */
export function straySecrets(value: unknown, path: readonly string[] = []): readonly InputIssue[] {
  if (typeof value === 'string') return holdsSecret(value) ? [strayAt(path)] : [];
  if (typeof value !== 'object' || value === null) return [];
  const issues: InputIssue[] = [];
  for (const [name, inner] of Object.entries(value)) {
    // A pointer to a name that is a secret would say it.
    if (holdsSecret(name)) issues.push(strayAt(path));
    else issues.push(...straySecrets(inner, [...path, name]));
    if (issues.length >= ISSUES_MAX) break;
  }
  return issues.slice(0, ISSUES_MAX);
}

const strayAt = (path: readonly string[]): InputIssue => ({
  code: SecretInDocument.code,
  message: 'there is a secret where everybody who may read would see it: an API key, or an address with a password',
  mend: 'Put it into a secret option of a source or sink, or write a reference such as ${env:NAME}. Change the secret if others could have seen it.',
  pointer: jsonPointer([...path]),
});
