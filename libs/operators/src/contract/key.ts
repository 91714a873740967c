/** One component of a grouping key. */
export type KeyPart = string | number | bigint | boolean | null | undefined;

/**
 * A grouping key: one value, or several as an array or a plain object of them. Keys are equal by content: `[1, 'a']` equals
 * another `[1, 'a']`, objects by the same properties in any order. `0` and `-0` are one key, and so are all `NaN`; `1`, `1n` and `'1'` are three.
 */
export type Key = KeyPart | readonly KeyPart[] | { readonly [name: string]: KeyPart };

// biome-ignore lint/suspicious/noExplicitAny: the row type is the stage's
export type KeyOf = (row: any) => Key;
