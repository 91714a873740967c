/** A raw tuple of these fields: text, `null`, or `undefined` for an unchanged TOAST value. */
export function rawTuple(fields: readonly (string | null | undefined)[]): Uint8Array {
  const parts: Buffer[] = [Buffer.from([fields.length >> 8, fields.length & 0xff])];
  for (const field of fields) {
    if (field === null) parts.push(Buffer.from('n'));
    else if (field === undefined) parts.push(Buffer.from('u'));
    else {
      const value = Buffer.from(field, 'utf8');
      const head = Buffer.from('t\0\0\0\0');
      head.writeInt32BE(value.length, 1);
      parts.push(head, value);
    }
  }
  return new Uint8Array(Buffer.concat(parts));
}
