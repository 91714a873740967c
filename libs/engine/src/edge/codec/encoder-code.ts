import { type KindLayout, type KindNode, leavesBeside } from './kind-layout.ts';
import { isDenseArray, isPlain, TEXT_LENGTH_MAX } from './value-kind.ts';

/** Arrays that one encoder fills again and again, by leaf; JavaScript values go into arrays made for each batch. */
export interface Scratch {
  readonly arrays: (Int32Array | Float64Array | Uint8Array | BigInt64Array | undefined)[];
  /** A larger array for this leaf, with what was in it. */
  grow(leaf: number, length: number): unknown;
}

/** What a call of an encoder has stored. */
export interface Stored {
  /** By leaf: how many values; of JavaScript values the array itself. */
  readonly counts: number[];
  readonly values: (unknown[] | undefined)[];
  readonly texts: string[];
}

/**
 * Stores `values` and returns how many: fewer than there are when the one at that index is not of the kind. Arrays of numbers have room
 * for one of each value.
 */
export type Encode = (values: readonly unknown[], scratch: Scratch, stored: Stored) => number;

/**
 * Writes the loop that stores values of one kind, leaf by leaf. All names in it are made here; the names of properties come in as
 * arguments.
 */
export function writeEncoder({ root, leaves, textCount }: KindLayout): Encode {
  const writer = new EncoderWriter();
  const each = writer.store(root, 'v', 'i');
  const arrays = leaves.map((store, leaf) =>
    store === 'values' ? `const a${leaf} = [];` : `let a${leaf} = scratch.arrays[${leaf}], n${leaf} = 0;`,
  );
  const texts = Array.from({ length: textCount }, (_, text) => `let t${text} = "";`);
  const counts = leaves.map((store, leaf) => {
    if (store === 'values') return `stored.values[${leaf}] = a${leaf};`;
    return `stored.counts[${leaf}] = ${writer.alongside.has(leaf) ? 'length' : `n${leaf}`};`;
  });
  const body = [
    '"use strict";',
    'return (values, scratch, stored) => {',
    'const length = values.length;',
    ...arrays,
    ...texts,
    'for (let i = 0; i < length; i++) {',
    'const v = values[i];',
    each,
    '}',
    ...counts,
    ...texts.map((_, text) => `stored.texts[${text}] = t${text};`),
    'return length;',
    '};',
  ].join('\n');
  // oxlint-disable-next-line typescript/no-implied-eval -- nothing that comes from a user is in the text
  return new Function(...writer.parameters, body)(...writer.args) as Encode;
}

class EncoderWriter {
  readonly parameters = ['isPlain', 'isDense', 'asInt64'];
  readonly args: unknown[] = [isPlain, isDenseArray, (value: bigint) => BigInt.asIntN(64, value)];
  /** Leaves that get exactly one value for each row: their index is that of the row. */
  readonly alongside = new Set<number>();
  #made = 0;

  /** Statements that store the value in `name`; `row`: the index where each row has exactly one such value, else `undefined`. */
  store(node: KindNode, name: string, row: string | undefined): string {
    if (node.nulls === undefined) return this.#storeValue(node, name, row);
    const at = this.#place(node.nulls, row);
    return [
      `if (${name} === null || ${name} === undefined) a${node.nulls}[${at}] = ${name} === null ? 1 : 2;`,
      `else { a${node.nulls}[${at}] = 0;`,
      this.#storeValue(node, name, undefined),
      '}',
    ].join('\n');
  }

  #storeValue(node: KindNode, name: string, row: string | undefined): string {
    const { kind, leaf } = node;
    const into = () => `a${leaf}[${this.#place(leaf!, row)}]`;
    const only = (condition: string) => `if (!(${condition})) return i;`;
    const isInt = `(${name} | 0) === ${name} && (${name} !== 0 || 1 / ${name} > 0)`;
    switch (kind.type) {
      case 'none':
        return 'return i;';
      case 'int32':
        return `${only(`typeof ${name} === "number" && ${isInt}`)} ${into()} = ${name};`;
      case 'float64':
        return `${only(`typeof ${name} === "number"`)} ${into()} = ${name};`;
      case 'boolean':
        return `${only(`typeof ${name} === "boolean"`)} ${into()} = ${name} ? 1 : 0;`;
      case 'int64':
        return `${only(`typeof ${name} === "bigint" && asInt64(${name}) === ${name}`)} ${into()} = ${name};`;
      case 'text': {
        const isText = `typeof ${name} === "string" && ${name}.length <= ${TEXT_LENGTH_MAX}`;
        return `${only(isText)} ${into()} = ${name}.length; t${node.text} += ${name};`;
      }
      case 'any':
        return `a${leaf}.push(${name});`;
      case 'record':
        return this.#storeRecord(node, name, row);
      case 'tuple':
        return [
          only(`isDense(${name}) && ${name}.length === ${node.parts.length}`),
          ...node.parts.map((part, index) => this.#storePart(part, `${name}[${index}]`, row)),
        ].join('\n');
      case 'list':
        return this.#storeList(node, name, into());
    }
  }

  #storeRecord({ kind, parts }: KindNode, name: string, row: string | undefined): string {
    const names = this.#argument(kind.names);
    const count = `k${++this.#made}`;
    return [
      `if (!isPlain(${name})) return i;`,
      `let ${count} = 0;`,
      `for (const key in ${name}) if (key !== ${names}[${count}++]) return i;`,
      `if (${count} !== ${kind.names.length}) return i;`,
      ...parts.map((part, index) => this.#storePart(part, `${name}[${this.#argument(kind.names[index])}]`, row)),
    ].join('\n');
  }

  #storeList({ parts }: KindNode, name: string, length: string): string {
    const element = parts[0]!;
    const index = `j${++this.#made}`;
    const size = `s${this.#made}`;
    const room = leavesBeside(element).map(
      (leaf) => `if (a${leaf}.length < n${leaf} + ${size}) a${leaf} = scratch.grow(${leaf}, n${leaf} + ${size});`,
    );
    return [
      `if (!isDense(${name})) return i;`,
      `const ${size} = ${name}.length;`,
      `${length} = ${size};`,
      ...room,
      `for (let ${index} = 0; ${index} < ${size}; ${index}++) {`,
      this.#storePart(element, `${name}[${index}]`, undefined),
      '}',
    ].join('\n');
  }

  #storePart(part: KindNode, value: string, row: string | undefined): string {
    const name = `v${++this.#made}`;
    return `const ${name} = ${value};\n${this.store(part, name, row)}`;
  }

  #place(leaf: number, row: string | undefined): string {
    if (row === undefined) return `n${leaf}++`;
    this.alongside.add(leaf);
    return row;
  }

  #argument(value: unknown): string {
    const name = `f${this.parameters.length}`;
    this.parameters.push(name);
    this.args.push(value);
    return name;
  }
}
