/** Can it be an id or a name at all? Anything else needs no look-up, and some of it (a NUL) PostgreSQL would not even take. */
export const isIdOrName = (text: string): boolean => /^[\w-]{1,63}$/.test(text);
