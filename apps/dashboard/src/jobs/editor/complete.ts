import type { Completion, CompletionSource } from '@codemirror/autocomplete';
import type { Connector, Definition } from '@millrace/sdk/client';
import { parse } from 'yaml';

export interface Known {
  readonly sources: readonly Definition[];
  readonly sinks: readonly Definition[];
  readonly connectors: readonly Connector[];
}

const TOP: readonly Completion[] = [
  { label: 'name', detail: 'of the job' },
  { label: 'guarantee', detail: 'exactly-once, at-least-once or none' },
  { label: 'snapshotInterval', detail: 'a duration: 500ms, 1s, 1m' },
  { label: 'stages', detail: 'from sources to sinks' },
];

/** Options of stages that are not a connector's (docs/declarative-jobs.md). */
const STAGE: readonly Completion[] = [
  { label: 'source', detail: 'reads a registered source' },
  { label: 'input', detail: 'the stage it reads' },
  { label: 'sink', detail: 'writes to a registered sink' },
  { label: 'filter', detail: 'keeps events of which it is true' },
  { label: 'where', detail: 'keeps rows of which it is true' },
  { label: 'select', detail: 'other columns' },
  { label: 'window', detail: 'tumbling, sliding or session' },
  { label: 'groupBy', detail: 'groups of an aggregate' },
  { label: 'aggregate', detail: 'sum, count, min, max, avg' },
  { label: 'distinct', detail: 'each combination once' },
  { label: 'within', detail: 'time of distinct' },
  { label: 'deduplicate', detail: 'the first of equal events' },
  { label: 'enrich', detail: 'adds columns of a table' },
  { label: 'mapAsync', detail: 'adds columns of a function' },
  { label: 'merge', detail: 'several streams as one' },
  { label: 'join', detail: 'pairs of two streams' },
  { label: 'onError', detail: 'fail, skip or dead-letter' },
];

const WINDOW: readonly Completion[] = ['tumbling', 'sliding', 'session', 'by', 'timestamp', 'lag', 'idle', 'early'].map(
  (label) => ({ label }),
);

const GUARANTEES = ['exactly-once', 'at-least-once', 'none'];
const ON_ERROR = ['fail', 'skip', 'dead-letter'];

interface Schema {
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

interface Line {
  readonly indent: number;
  readonly key: string;
  readonly value: string;
}

const lineOf = (text: string): Line | undefined => {
  const found = /^(\s*)(?:- )?([\w-]+):\s*(.*)$/.exec(text);
  return found === null ? undefined : { indent: found[1]!.length, key: found[2]!, value: found[3]! };
};

/** Keys above a line that it is inside of, the outermost first. */
function pathAbove(lines: readonly string[], indent: number): readonly string[] {
  const path: string[] = [];
  let below = indent;
  for (const text of lines.toReversed()) {
    const line = lineOf(text);
    if (line === undefined || line.indent >= below) continue;
    path.unshift(line.key);
    below = line.indent;
  }
  return path;
}

function stagesOf(text: string): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  try {
    const document = parse(text, { strict: false }) as { stages?: Record<string, Record<string, unknown>> } | null;
    return document?.stages ?? {};
  } catch {
    // What is being typed rarely parses: names of stages are the keys at their indentation.
    const names = [...text.matchAll(/^ {2}([A-Za-z][\w-]*):/gm)].map(([, name]) => [name!, {}] as const);
    return Object.fromEntries(names);
  }
}

/** Words that fit where the cursor is: keys, names of stages, sources and sinks, options of the connector. */
export function completer({ sources, sinks, connectors }: Known): CompletionSource {
  const stageSchema = (role: 'source' | 'sink', name: unknown): Schema | undefined => {
    const type = (role === 'source' ? sources : sinks).find((each) => each.name === name)?.type;
    return connectors.find((each) => each.role === role && each.type === type)?.stage as Schema | undefined;
  };
  return (context) => {
    const before = context.state.doc.lineAt(context.pos);
    const typed = before.text.slice(0, context.pos - before.from);
    const word = context.matchBefore(/[\w-]*/);
    if (word === null || (word.from === word.to && !context.explicit)) return null;
    const above = Array.from({ length: before.number - 1 }, (_, index) => context.state.doc.line(index + 1).text);
    const indent = typed.length - typed.trimStart().length;
    const path = pathAbove(above, indent);
    const stages = stagesOf(context.state.doc.toString());
    const stage = path[0] === 'stages' ? stages[path[1] ?? ''] : undefined;
    const schema =
      stage === undefined ? undefined : (stageSchema('source', stage['source']) ?? stageSchema('sink', stage['sink']));
    const line = lineOf(typed);
    const labels = (texts: readonly string[]): Completion[] => texts.map((label) => ({ label }));
    const options = line !== undefined ? values(line.key) : keys();
    return options.length === 0 ? null : { from: word.from, options: [...options] };

    function values(key: string): readonly Completion[] {
      if (key === 'source') return sources.map(({ name, type }) => ({ label: name, detail: type }));
      if (key === 'sink') return sinks.map(({ name, type }) => ({ label: name, detail: type }));
      if (key === 'input' || key === 'with') return labels(Object.keys(stages).filter((name) => name !== path[1]));
      if (key === 'guarantee') return labels(GUARANTEES);
      if (key === 'onError' || key === 'action') return labels(ON_ERROR);
      return labels((schema?.properties?.[key]?.enum ?? []).map(String));
    }

    function keys(): readonly Completion[] {
      const colon = (each: Completion): Completion => ({ ...each, apply: `${each.label}: ` });
      if (path.length === 0) return TOP.map(colon);
      if (path.length === 2 && path[0] === 'stages') {
        const own = Object.entries(schema?.properties ?? {}).map(([label, { description }]) => ({
          label,
          detail: description?.slice(0, 60),
        }));
        return [...own, ...STAGE].map(colon);
      }
      return path.at(-1) === 'window' ? WINDOW.map(colon) : [];
    }
  };
}
