import type { JobIdentity } from '@millrace/connector-contract';
import { subjectToken } from '../server/subjects.ts';

/** Stream of what waits for its commit; one for each job and stage. */
export const waitingStream = ({ jobId, stage }: JobIdentity): string =>
  `MILLRACE-${subjectToken(jobId)}-${subjectToken(stage)}`;

const waitingPrefix = ({ jobId, stage }: JobIdentity): string =>
  `_millrace.waiting.${subjectToken(jobId)}.${subjectToken(stage)}`;

export const waitingSubjects = (job: JobIdentity): string => `${waitingPrefix(job)}.*`;

export const waitingSubject = (job: JobIdentity, writer: number): string => `${waitingPrefix(job)}.${writer}`;

/** Subjects that the target stream needs beside its own: what is committed stands there. */
export const progressSubjects = (stream: string): string => `_millrace.progress.${stream}.>`;

const progressPrefix = (stream: string, { jobId, stage }: JobIdentity): string =>
  `_millrace.progress.${stream}.${subjectToken(jobId)}.${subjectToken(stage)}`;

export const progressSubject = (stream: string, job: JobIdentity, writer: number): string =>
  `${progressPrefix(stream, job)}.${writer}`;

export const progressOfJob = (stream: string, job: JobIdentity): string => `${progressPrefix(stream, job)}.*`;
