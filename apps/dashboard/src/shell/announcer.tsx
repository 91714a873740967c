import { VisuallyHidden } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useFleet } from '../api/fleet.ts';
import { jobState } from '../jobs/job-state.ts';

/** Says aloud, to who does not see it, that a job has changed its state. */
export function Announcer() {
  const { data: fleet } = useFleet();
  const jobs = fleet?.jobs;
  const before = useRef<Map<string, string>>(undefined);
  const [said, say] = useState('');
  useEffect(() => {
    if (jobs === undefined) return;
    const now = new Map(jobs.map((job) => [job.name, jobState(job).word]));
    const changes = [...now].filter(([name, word]) => (before.current?.get(name) ?? word) !== word);
    before.current = now;
    if (changes.length > 0) say(changes.map(([name, word]) => `${name}: ${word}`).join('. '));
  }, [jobs]);
  return (
    <VisuallyHidden role="status" aria-live="polite">
      {said}
    </VisuallyHidden>
  );
}
