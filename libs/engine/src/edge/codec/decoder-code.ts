import type { KindLayout, KindNode } from './kind-layout.ts';

/** What an encoder has stored, at the other end. */
export interface Arrived {
  /** By leaf. */
  readonly arrays: readonly ArrayLike<unknown>[];
  readonly texts: readonly string[];
}

/** Makes the `length` values that were stored. */
export type Decode = (arrived: Arrived, length: number) => unknown[];

/**
 * Writes the loop that makes values of one kind: all records of one place come out of one object literal, and so have one hidden
 * class. Property names are the only text of a user in it, as JSON strings.
 */
export function writeDecoder({ root, leaves, textCount }: KindLayout): Decode {
  const writer = new DecoderWriter();
  const { lines, value } = writer.make(root);
  const body = [
    '"use strict";',
    'return (arrived, length) => {',
    ...leaves.map((_, leaf) => `const a${leaf} = arrived.arrays[${leaf}]; let n${leaf} = 0;`),
    ...Array.from({ length: textCount }, (_, text) => `const t${text} = arrived.texts[${text}]; let p${text} = 0;`),
    // Pushed, because an array with holes would be slow to clone when it travels on.
    'const values = [];',
    'for (let i = 0; i < length; i++) {',
    lines,
    `values.push(${value});`,
    '}',
    'return values;',
    '};',
  ].join('\n');
  // oxlint-disable-next-line typescript/no-implied-eval -- property names are JSON strings, all else is written here
  return new Function(body)() as Decode;
}

/** Statements to be run first, and the expression of the value. */
interface Made {
  readonly lines: string;
  readonly value: string;
}

class DecoderWriter {
  #made = 0;

  make(node: KindNode): Made {
    if (node.nulls === undefined) return this.#makeValue(node);
    const name = this.#name();
    const tag = this.#name();
    const { lines, value } = this.#makeValue(node);
    return {
      lines: [
        `const ${tag} = a${node.nulls}[n${node.nulls}++]; let ${name};`,
        `if (${tag} === 0) {`,
        lines,
        `${name} = ${value};`,
        `} else if (${tag} === 1) ${name} = null;`,
      ].join('\n'),
      value: name,
    };
  }

  #makeValue(node: KindNode): Made {
    const { kind, leaf, text } = node;
    const next = `a${leaf}[n${leaf}++]`;
    switch (kind.type) {
      case 'none':
        return { lines: '', value: 'undefined' };
      case 'boolean':
        return this.#kept(`${next} === 1`);
      case 'text':
        return this.#kept(`t${text}.substring(p${text}, p${text} += ${next})`);
      case 'record': {
        const made = node.parts.map((part) => this.make(part));
        const fields = made.map(({ value }, index) => `${propertyName(kind.names[index]!)}: ${value}`);
        return { lines: linesOf(made), value: `{ ${fields.join(', ')} }` };
      }
      case 'tuple': {
        const made = node.parts.map((part) => this.make(part));
        return { lines: linesOf(made), value: `[${made.map(({ value }) => value).join(', ')}]` };
      }
      case 'list': {
        const name = this.#name();
        const element = this.make(node.parts[0]!);
        const lines = [
          `const ${name} = [];`,
          `for (let left = ${next}; left > 0; left--) {`,
          element.lines,
          `${name}.push(${element.value});`,
          '}',
        ];
        return { lines: lines.join('\n'), value: name };
      }
      default:
        return this.#kept(next);
    }
  }

  /** In a variable: cursors have to move in the order in which the values were stored. */
  #kept(value: string): Made {
    const name = this.#name();
    return { lines: `const ${name} = ${value};`, value: name };
  }

  #name(): string {
    return `v${++this.#made}`;
  }
}

const linesOf = (made: readonly Made[]): string => made.map(({ lines }) => lines).join('\n');

/** `__proto__` in an object literal would set the prototype; in brackets it is a name like any other. */
const propertyName = (name: string): string => (name === '__proto__' ? '["__proto__"]' : JSON.stringify(name));
