import { type DerivedColumn, derivedSchema } from '@millrace/formats';
import { errorCode, MillraceError } from '@millrace/kernel';
import type { WindowDefinition } from '@millrace/operators';
import { parseSqlType } from '@millrace/sql';
import { OPEN_LETTERS_MAX } from '../api/on-error.ts';
import { session, sliding } from '../api/windows.ts';
import type { SideNames } from '../events/join-events.ts';
import type { NamedExpression } from '../events/rows-of-events.ts';
import { columnKind } from '../events/select-events.ts';
import type { StagePolicy } from '../graph/graph-node.ts';
import { namedExpressions } from './named-expressions.ts';
import { durationMs } from './spec.ts';
import { type OnError, onErrorSchema, type StageOf, type WindowOptions } from './stage-schemas.ts';
import type { ParsedStage } from './validate.ts';

const OnErrorInvalid = errorCode('pipeline.on_error_invalid', {
  domain: 'user',
  retry: 'never',
  title: 'An impossible policy for records',
});

/** `undefined`: the first record that the stage cannot take fails the job. */
export function policyOf(stage: string | undefined, onError: OnError): StagePolicy | undefined {
  const given = typeof onError === 'object' ? onError : { action: onError ?? 'fail' };
  if (given.action === 'fail') return undefined;
  const {
    parkKeys = false,
    retries = 0,
    backoff = '0s',
    openMax = OPEN_LETTERS_MAX,
    copyTo,
  } = given as Partial<Extract<OnError, object>>;
  const { sink, ...options } = copyTo ?? {};
  const copies = sink === undefined ? undefined : ({ kind: 'registered', definition: sink, options } as const);
  return { stage, action: given.action, parkKeys, retries, backoffMs: durationMs(backoff), openMax, copyTo: copies };
}

/** The sink that gets copies of a stage's letters, if there is one. */
export function letterCopies(stage: ParsedStage): StagePolicy['copyTo'] {
  if (stage.kind === 'source') return undefined;
  const onError = stage.kind === 'sink' ? stage.onError : 'onError' in stage.spec ? stage.spec.onError : undefined;
  const policy = policyOf(stage.name, onError);
  return policy?.action === 'dead-letter' ? policy.copyTo : undefined;
}

/** As it is written in code. @throws MillraceError `pipeline.on_error_invalid` */
export function checkedOnError(onError: OnError): OnError {
  const checked = onErrorSchema.safeParse(onError);
  if (checked.success) return onError;
  throw new MillraceError(OnErrorInvalid, {
    message: `onError cannot be this: ${checked.error.issues.map(({ message }) => message).join('; ')}`,
    mend: 'docs/dead-letters.md lists its options.',
  });
}

/** Outputs with the key's columns first, and the pairs of expressions that have to be equal. */
export function joinParts(spec: StageOf<'join'>, pointer: string) {
  const all = namedExpressions(spec.select, `${pointer}/select`);
  const { key } = spec.join;
  const outputs = [...all.filter(({ name }) => key.includes(name)), ...all.filter(({ name }) => !key.includes(name))];
  const on = Object.entries(spec.join.on).map(([left, right]) =>
    [left, right].map((text) => ({ name: text, text, pointer: `${pointer}/join/on` })),
  );
  const sides: SideNames = { left: spec.input, right: spec.join.with };
  return { outputs, sides, keyCount: all.filter(({ name }) => key.includes(name)).length, on };
}

/** What is looked up by what, and what the new columns are called. */
export function enrichParts({ enrich }: StageOf<'enrich'>, pointer: string) {
  const keys = Object.values(enrich.on).map((text) => ({ name: text, text, pointer: `${pointer}/enrich/on` }));
  const hold = enrich.hold && {
    rowsMax: enrich.hold.rows,
    refreshMs: durationMs(enrich.hold.refresh),
    ageMsMax: durationMs(enrich.hold.maxAge),
  };
  const request = {
    table: enrich.table,
    keyColumns: Object.keys(enrich.on),
    columns: Object.values(enrich.select),
    hold,
  };
  return { keys, names: Object.keys(enrich.select), request };
}

/** What the function is called with, and the columns that it gives. @throws MillraceError when a type is not one */
export function mapAsyncParts({ mapAsync }: StageOf<'mapAsync'>, pointer: string) {
  const keys = namedExpressions(mapAsync.of, `${pointer}/mapAsync/of`);
  const typed = Object.entries(mapAsync.columns).map(
    ([name, sqlType]): DerivedColumn => ({ name, kind: columnKind(parseSqlType(sqlType)), sqlType }),
  );
  return { keys, columns: derivedSchema('millrace', 'calls', typed).columns };
}

/** The expression that gives event times; absent: the time of the commit. */
export const timestampOf = ({ timestamp }: WindowOptions, pointer: string): NamedExpression | undefined =>
  timestamp === undefined ? undefined : { name: 'timestamp', text: timestamp, pointer: `${pointer}/window/timestamp` };

export function windowOf(window: WindowOptions): WindowDefinition {
  const earlyMs = window.early === undefined ? undefined : durationMs(window.early);
  if (window.session !== undefined) return session(durationMs(window.session), { earlyMs });
  const sizeMs = durationMs(window.tumbling ?? window.sliding!);
  return sliding(sizeMs, window.by === undefined ? sizeMs : durationMs(window.by), { earlyMs });
}
