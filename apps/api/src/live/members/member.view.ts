import type { MemberFacts } from '@millrace/cluster';
import { isoTime } from '../figures.view.ts';
import type { MemberView } from './member.schemas.ts';

export const memberView = ({ startedAt, at, ...facts }: MemberFacts): MemberView => ({
  ...facts,
  jobs: facts.jobs.map(({ id, name }) => ({ id, name })),
  startedAt: isoTime(startedAt),
  at: isoTime(at),
});
