import type { StreamEvent } from '../stream/event-stream.ts';
import type { FleetState } from './fleet.ts';

/** For one viewer: everything at first, then what has become different for him. */
export class FleetChanges {
  /** JSON of the line he has of each job. */
  #lines: Map<string, string> | undefined;
  #problems = '';
  #totals = '';

  next(state: FleetState): readonly StreamEvent[] {
    const lines = new Map(state.jobs.map((job) => [job.id, JSON.stringify(job)]));
    const before = this.#lines;
    const problems = JSON.stringify(state.problems);
    const totals = JSON.stringify(state.totals);
    const hasOtherProblems = problems !== this.#problems;
    const hasOtherTotals = totals !== this.#totals;
    this.#lines = lines;
    this.#problems = problems;
    this.#totals = totals;
    if (before === undefined) return [{ event: 'fleet', id: state.at, data: JSON.stringify(state) }];
    const changed = state.jobs.filter(({ id }) => before.get(id) !== lines.get(id));
    const removed = [...before.keys()].filter((id) => !lines.has(id));
    if (changed.length === 0 && removed.length === 0 && !hasOtherProblems && !hasOtherTotals) return [];
    const data = {
      at: state.at,
      totals: state.totals,
      ...(hasOtherProblems && { problems: state.problems }),
      changed,
      removed,
    };
    return [{ event: 'changes', id: state.at, data: JSON.stringify(data) }];
  }
}
