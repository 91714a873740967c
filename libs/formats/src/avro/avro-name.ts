/** A name as Avro takes it (`[A-Za-z_][A-Za-z0-9_]*`): every other character becomes `_`. */
export function avroName(text: string): string {
  const name = text.replaceAll(/[^A-Za-z0-9_]/g, '_');
  return /^[0-9]|^$/.test(name) ? `_${name}` : name;
}

/** No ordinary member of a JavaScript object. */
const NO_MEMBER = '__proto__';

/** Names for columns, each once: one that is taken gets a number. Later columns never change the names of earlier ones. */
export function avroFieldNames(columns: readonly string[], taken: Iterable<string> = []): readonly string[] {
  const used = new Set([...taken, NO_MEMBER]);
  return columns.map((column) => {
    const plain = avroName(column);
    let name = plain;
    for (let count = 2; used.has(name); count++) name = `${plain}_${count}`;
    used.add(name);
    return name;
  });
}
