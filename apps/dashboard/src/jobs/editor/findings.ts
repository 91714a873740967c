import type { Diagnostic } from '@codemirror/lint';
import type { Problem } from '@millrace/sdk/client';
import { type Document, isNode, isPair, type Node, type Pair, parseDocument } from 'yaml';

/** A job as it is typed: what it says, or where it cannot be read. */
export interface Typed {
  readonly document: Document;
  readonly value: unknown;
  readonly findings: readonly Diagnostic[];
}

export function readTyped(text: string): Typed {
  const document = parseDocument(text);
  const findings = [...document.errors, ...document.warnings].map(
    ({ pos, message, name }): Diagnostic => ({
      from: pos[0],
      to: Math.max(pos[1], pos[0] + 1),
      severity: name === 'YAMLParseError' ? 'error' : 'warning',
      message: message.split('\n')[0]!,
    }),
  );
  return { document, value: document.errors.length === 0 ? (document.toJS() as unknown) : undefined, findings };
}

const segments = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

type Range = readonly [number, number];

const rangeOf = (node: unknown): Range | undefined => {
  const range = isNode(node) ? (node as Node).range : undefined;
  return range == null ? undefined : [range[0], range[1]];
};

/** The key of the last step that is there, else the value it leads to: where the eye looks for what is wrong. */
function placeOf(document: Document, pointer: string): Range {
  let node: unknown = document.contents;
  let place: Range = [0, 0];
  for (const segment of segments(pointer)) {
    const items = (node as { items?: readonly unknown[] } | null)?.items;
    if (items === undefined) break;
    const pair = items.find((item): item is Pair => isPair(item) && String(item.key) === segment);
    const next = pair === undefined ? items[Number(segment)] : pair.value;
    if (next === undefined && pair === undefined) break;
    place = rangeOf(pair?.key) ?? rangeOf(next) ?? place;
    node = next;
  }
  return rangeOf(node) !== undefined && !hasItems(node) ? rangeOf(node)! : place;
}

const hasItems = (node: unknown): boolean => typeof node === 'object' && node !== null && 'items' in node;

/** What the API found wrong, at its place in the text. */
export function problemFindings(document: Document, problem: Problem): readonly Diagnostic[] {
  const errors = problem.errors ?? [
    { code: problem.code, detail: problem.detail, mend: problem.mend, pointer: problem.pointer },
  ];
  return errors.map(({ detail, mend, pointer }) => {
    const [from, to] = placeOf(document, pointer ?? '');
    return { from, to, severity: 'error', message: mend === undefined ? detail : `${detail}\n${mend}` };
  });
}
