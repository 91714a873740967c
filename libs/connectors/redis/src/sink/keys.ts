import type { JobIdentity } from '@millrace/connector-contract';
import type { SinkStage } from '../config.ts';

/** What the sink keeps of itself, in the slot of what it writes. */
export interface SinkKeys {
  /** Hash: `fence`, `applied`, `position`, `moved`, `left`, `broken`. */
  readonly meta: string;
  /** Set of the staged lists there are. */
  readonly lists: string;
  readonly list: (id: string) => string;
}

export const tagged = (stage: Pick<SinkStage, 'hashTag'>, key: string): string =>
  stage.hashTag === undefined ? key : `{${stage.hashTag}}:${key}`;

export function sinkKeys({ jobId, stage: name }: JobIdentity, stage: Pick<SinkStage, 'hashTag'>): SinkKeys {
  // Without a tag of the user's the job is the tag: the three are in one slot in any case.
  const prefix =
    stage.hashTag === undefined ? `millrace:{${jobId}:${name}}` : `{${stage.hashTag}}:millrace:${jobId}:${name}`;
  return { meta: prefix, lists: `${prefix}:lists`, list: (id) => `${prefix}:list:${id}` };
}
