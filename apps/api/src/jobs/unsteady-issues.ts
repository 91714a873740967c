import {
  type InputIssue,
  jsonPointer,
  type ParsedPipeline,
  type ParsedStage,
  reachableFrom,
  unsteadyLetters,
} from '@millrace/pipeline';
import type { StageDefinition } from './stage-definitions.ts';

/** Stages whose dead letters could be lost together with the record, because of a sink behind them: see `unsteadyLetters`. */
export function unsteadyIssues(
  pipeline: ParsedPipeline,
  definitions: readonly StageDefinition[],
): readonly InputIssue[] {
  const isAhead = (sink: string): boolean =>
    definitions.some(
      ({ stage, connector, options }) =>
        stage === sink && connector.role === 'sink' && connector.skipsWhatItPassed?.(options as never) === true,
    );
  const readersOf = ({ name }: ParsedStage): readonly ParsedStage[] =>
    pipeline.stages.filter(({ inputs }) => inputs.includes(name));
  return pipeline.stages.flatMap((stage): readonly InputIssue[] => {
    if (stage.kind !== 'enrich' && stage.kind !== 'mapAsync') return [];
    const { onError } = stage.spec;
    if ((typeof onError === 'object' ? onError.action : onError) !== 'dead-letter') return [];
    const sink = reachableFrom(stage, readersOf).find(({ name, kind }) => kind === 'sink' && isAhead(name))?.name;
    return sink === undefined
      ? []
      : [{ ...unsteadyLetters(stage.name, sink), pointer: jsonPointer(['stages', stage.name, 'onError']) }];
  });
}
