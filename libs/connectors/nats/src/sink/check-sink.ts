import { type Finding, nameOf, type Resolved, type SourceShape } from '@millrace/connector-contract';
import { MillraceError } from '@millrace/kernel';
import type { Connection, SinkStage } from '../config.ts';
import { SubjectNotOfStream } from '../errors.ts';
import { findingOf } from '../server/check-server.ts';
import { withServer } from '../server/connect.ts';
import { isSubjectOf, subjectToken } from '../server/subjects.ts';
import { progressSubjects } from './names.ts';
import { lacksOf, missing, streamConfig, unfit } from './open-target.ts';

/** Is the stream there and set up, and does it take the subjects of these tables? Changes nothing. */
export async function checkSink(
  { config, stage, job }: Resolved<Connection, SinkStage>,
  { tables }: SourceShape,
): Promise<readonly Finding[]> {
  const { stream, createStream } = stage;
  try {
    const found = await withServer(config, 'millrace-check', ({ manager }) => streamConfig(manager, stream));
    if (found === undefined && createStream === undefined) return [findingOf(missing(stream))];
    const subjects = found?.subjects ?? [...createStream!.subjects, progressSubjects(stream)];
    const findings: Finding[] = [];
    const lacks = found === undefined ? {} : lacksOf(found);
    if (createStream === undefined && Object.keys(lacks).length > 0) findings.push(findingOf(unfit(stream, lacks)));
    for (const table of tables) {
      const subject = nameOf(stage.subject, table, job, subjectToken);
      if (subjects.some((filter) => isSubjectOf(subject, filter))) continue;
      const message = `stream ${stream} does not take subject ${subject}`;
      const mend = `Add it: nats stream edit ${stream} --subjects ..., or change "subject" of the stage.`;
      findings.push({ code: SubjectNotOfStream.code, severity: 'error', message, mend, pointer: '/subject' });
    }
    if (found !== undefined && found.max_age > 0) {
      const message = `stream ${stream} forgets messages after ${found.max_age / 1e9} s, also the one that says what is committed`;
      const mend = 'Keep messages (max_age) for longer than the longest outage of the job.';
      findings.push({ code: 'nats.max_age', severity: 'warning', message, mend, pointer: '/stream' });
    }
    return findings;
  } catch (error) {
    if (error instanceof MillraceError) return [findingOf(error)];
    throw error;
  }
}
