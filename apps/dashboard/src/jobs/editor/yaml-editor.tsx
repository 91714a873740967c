import { autocompletion, type CompletionSource, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { useEffect, useRef } from 'react';

const look = EditorView.theme({
  '&': { fontSize: '0.8125rem', border: '1px solid var(--line)', borderRadius: 'var(--mantine-radius-sm)' },
  '&.cm-focused': { outline: '2px solid var(--tone-busy)', outlineOffset: '1px' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', lineHeight: '1.55', minHeight: '24rem' },
  '.cm-content, .cm-gutter': { minHeight: '24rem' },
  '.cm-content': { caretColor: 'var(--mantine-color-text)' },
  '.cm-cursor': { borderLeftColor: 'var(--mantine-color-text)' },
  '.cm-gutters': {
    background: 'var(--surface)',
    color: 'var(--mantine-color-dimmed)',
    borderRight: '1px solid var(--line)',
  },
  '.cm-activeLine, .cm-activeLineGutter': { background: 'var(--tone-idle-bg)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': { background: 'var(--tone-busy-bg) !important' },
  '.cm-tooltip': { background: 'var(--mantine-color-body)', border: '1px solid var(--line)', color: 'inherit' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    background: 'var(--tone-busy-bg)',
    color: 'var(--mantine-color-text)',
  },
  '.cm-diagnostic': { fontFamily: 'var(--mantine-font-family)', whiteSpace: 'pre-wrap', maxWidth: '32rem' },
});

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--tone-busy)' },
  { tag: tags.string, color: 'var(--tone-ok)' },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: 'var(--tone-warn)' },
  { tag: tags.comment, color: 'var(--mantine-color-dimmed)', fontStyle: 'italic' },
]);

export interface YamlEditorProps {
  readonly initial: string;
  readonly label: string;
  readonly complete: CompletionSource;
  readonly findings: readonly Diagnostic[];
  readonly onChange: (text: string) => void;
}

/** An editor for YAML. Tab leaves it, as everywhere on the page. */
export default function YamlEditor({ initial, label, complete, findings, onChange }: YamlEditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const latest = useRef({ complete, onChange });
  latest.current = { complete, onChange };
  useEffect(() => {
    const editor = new EditorView({
      parent: place.current!,
      state: EditorState.create({
        doc: initial,
        extensions: [
          lineNumbers(),
          history(),
          drawSelection(),
          indentOnInput(),
          indentUnit.of('  '),
          bracketMatching(),
          highlightActiveLine(),
          yaml(),
          syntaxHighlighting(colours),
          lintGutter(),
          autocompletion({ override: [(context) => latest.current.complete(context)] }),
          keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, ...lintKeymap]),
          EditorView.contentAttributes.of({ 'aria-label': label }),
          EditorView.lineWrapping,
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange(update.state.doc.toString());
          }),
          look,
        ],
      }),
    });
    view.current = editor;
    return () => editor.destroy();
  }, [initial, label]);
  useEffect(() => {
    const editor = view.current;
    if (editor === undefined) return;
    // Findings may be of a text that has been shortened since.
    const end = editor.state.doc.length;
    const shown = findings.map((finding) => ({
      ...finding,
      from: Math.min(finding.from, end),
      to: Math.min(finding.to, end),
    }));
    editor.dispatch(setDiagnostics(editor.state, shown));
  }, [findings]);
  return <div ref={place} />;
}
