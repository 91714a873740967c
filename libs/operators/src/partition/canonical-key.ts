import type { Key, KeyPart } from '../contract/key.ts';

/** A key as a JavaScript `Map` keeps it: equal by content when and only when the keys are. */
export type CanonicalKey = string | number | bigint | boolean | null | undefined;

/** Marks the text of a composite key; a plain string that starts with it is marked as well. */
const COMPOSITE = '\u0000';

/**
 * The key as one primitive value. Single values stay what they are; several become a text that tells types apart.
 */
export function canonicalKey(key: Key): CanonicalKey {
  if (typeof key === 'object' && key !== null) return compositeText(key);
  if (typeof key === 'string') return key.charCodeAt(0) === 0 ? `${COMPOSITE}s${key}` : key;
  // Map keeps 0 and -0 together, but the text of a composite would not.
  return key === 0 ? 0 : key;
}

function compositeText(key: readonly KeyPart[] | { readonly [name: string]: KeyPart }): string {
  if (Array.isArray(key)) {
    let text = `${COMPOSITE}[`;
    for (const part of key as readonly KeyPart[]) text += partText(part);
    return text;
  }
  const parts = key as { readonly [name: string]: KeyPart };
  let text = `${COMPOSITE}{`;
  for (const name of Object.keys(parts).sort()) text += `${name.length}:${name}${partText(parts[name])}`;
  return text;
}

function partText(part: KeyPart): string {
  switch (typeof part) {
    case 'string':
      return `s${part.length}:${part}`;
    case 'number':
      return `n${part === 0 ? 0 : part};`;
    case 'bigint':
      return `i${part};`;
    case 'boolean':
      return part ? 't' : 'f';
    default:
      return part === null ? '-' : 'u';
  }
}
