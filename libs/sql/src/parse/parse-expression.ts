import { type ErrorCode, MillraceError } from '@millrace/kernel';
import type { Node } from '@pgsql/types';
import { hasSqlDetails, loadModule, parseSync } from 'libpg-query';
import { InvalidSyntax, sqlstateOf, Unsupported } from '../errors.ts';

await loadModule();

const BEFORE = 'SELECT (';
/** On a line of its own, so that a comment at the end does not swallow it. */
const AFTER = '\n)';

/** The text that is being compiled and where it stands: makes errors that point at the character. */
export class SourceText {
  readonly text: string;
  /** JSON pointer of the expression in its document. */
  readonly pointer: string;

  constructor(text: string, pointer: string) {
    this.text = text;
    this.pointer = pointer;
  }

  /** An error at a location of the parse tree (bytes of UTF-8 in the whole statement); absent: of the whole expression. */
  error(code: ErrorCode, message: string, mend: string, location?: number): MillraceError {
    const position = location === undefined || location < BEFORE.length ? undefined : this.#position(location);
    const shown = position === undefined ? `\n  ${this.text}` : this.#withCaret(position);
    return new MillraceError(code, {
      message: `${message}${shown}`,
      mend,
      pointer: this.pointer,
      details: {
        sqlstate: sqlstateOf(code),
        expression: this.text,
        ...(position === undefined ? {} : { position: position + 1 }),
      },
    });
  }

  /** A failure of a value that is known already, such as a literal: it gets the place as well. */
  at(error: unknown, location: number | undefined): unknown {
    if (!(error instanceof MillraceError)) return error;
    return this.error(error.code, error.message, 'Write a value of the type.', location);
  }

  /** Characters (UTF-16) before the location. */
  #position(location: number): number {
    const bytes = Buffer.from(this.text).subarray(0, location - BEFORE.length);
    return Math.min(bytes.toString().length, this.text.length);
  }

  /** The line with the position, and a caret below it. */
  #withCaret(position: number): string {
    const start = this.text.lastIndexOf('\n', position - 1) + 1;
    const end = this.text.indexOf('\n', position);
    const line = this.text.slice(start, end < 0 ? undefined : end);
    const column = Array.from(this.text.slice(start, position)).length;
    return `\n  ${line}\n  ${' '.repeat(column)}^`;
  }
}

/** The parse tree of one expression, by PostgreSQL's own grammar. @throws MillraceError `sql.syntax`, `sql.unsupported` */
export function parseExpression(source: SourceText): Node {
  const select = statement(source);
  const { targetList = [], ...others } = select as { readonly targetList?: readonly Node[] } & Record<string, unknown>;
  const target = (targetList[0] as { readonly ResTarget?: { readonly val?: Node } } | undefined)?.ResTarget?.val;
  const hasMore = Object.keys(others).some((name) => name !== 'limitOption' && name !== 'op');
  if (target === undefined || targetList.length !== 1 || hasMore)
    throw source.error(
      InvalidSyntax,
      'this is more than one expression',
      'Write a single expression: no commas, FROM or WHERE around it.',
    );
  return target;
}

function statement(source: SourceText): object {
  try {
    const { stmts } = parseSync(BEFORE + source.text + AFTER) as {
      readonly stmts: readonly { readonly stmt: Readonly<Record<string, object>> }[];
    };
    const select = stmts.length === 1 ? stmts[0]!.stmt.SelectStmt : undefined;
    if (select === undefined)
      throw source.error(Unsupported, 'this is not an expression', 'Write an expression such as after.total * 2.');
    return select;
  } catch (error) {
    if (error instanceof MillraceError || !hasSqlDetails(error)) throw error;
    const { message, cursorPosition } = error.sqlDetails!;
    throw source.error(
      InvalidSyntax,
      message,
      'Write an SQL expression as PostgreSQL reads it.',
      cursorOf(source, cursorPosition),
    );
  }
}

/** The parser counts from 1 when the error has a place; the end of the text is where the closing parenthesis would be. */
function cursorOf({ text }: SourceText, cursor: number): number {
  const end = BEFORE.length + Buffer.byteLength(text);
  return Math.min(Math.max(cursor - 1, BEFORE.length), end);
}

/** The one field of a node: its kind and content. */
export function unwrap(node: Node): readonly [kind: string, content: Readonly<Record<string, never>>] {
  return Object.entries(node)[0] as [string, Readonly<Record<string, never>>];
}

/** Texts of a list of String nodes. */
export const namesOf = (nodes: readonly Node[] | undefined): readonly string[] =>
  (nodes ?? []).map((node) => (node as { String?: { sval?: string } }).String?.sval ?? '*');
