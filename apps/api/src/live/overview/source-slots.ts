import { Catalog } from '@millrace/catalog';
import { type Clock, MillraceError, systemClock } from '@millrace/kernel';
import { Injectable } from '@nestjs/common';
import { LookAtSourceUseCase } from '../../sources/look/look-at-source.use-case.ts';
import { isoTime } from '../figures.view.ts';
import type { ProblemView, SourceSummary } from './overview.schemas.ts';

/** Systems are asked this often, while somebody looks. */
const LOOK_MS = 30_000;
/** Systems asked for one look. */
const SOURCES_MAX = 100;
const AT_ONCE = 4;
/** Kept log that is worth a word. */
const RETAINED_BYTES = 1_073_741_824;
const MIB = 1_048_576;

interface Known {
  readonly summaries: readonly SourceSummary[];
  readonly problems: readonly ProblemView[];
}

const NOTHING: Known = { summaries: [], problems: [] };

const size = (bytes: number): string => `${Math.round(bytes / MIB).toLocaleString('en-US')} MiB`;

/** What sources keep for their jobs. Asked in the background, so that a system that is away holds up nobody who looks at the fleet. */
@Injectable()
export class SourceSlots {
  readonly #clock: Clock = systemClock;
  readonly #since = new Map<string, string>();
  #known = NOTHING;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;

  constructor(
    private readonly catalog: Catalog,
    private readonly look: LookAtSourceUseCase,
  ) {}

  /** What was known last; asks again when that is old. */
  now(): Known {
    const nowMs = this.#clock.monotonicMs();
    if (this.#asking === undefined && nowMs - this.#askedAtMs >= LOOK_MS) {
      this.#askedAtMs = nowMs;
      this.#asking = this.#ask()
        .catch(() => undefined)
        .finally(() => {
          this.#asking = undefined;
        });
    }
    return this.#known;
  }

  /** Resolves when what is being asked has been answered. */
  async settled(): Promise<void> {
    await this.#asking;
  }

  async #ask(): Promise<void> {
    const { items } = await this.catalog.sources.list({ limit: SOURCES_MAX });
    const found: { readonly summary: SourceSummary; readonly problems: readonly ProblemView[] }[] = [];
    for (let first = 0; first < items.length; first += AT_ONCE) {
      const some = items.slice(first, first + AT_ONCE);
      found.push(...(await Promise.all(some.map(({ id, name, type }) => this.#askOne({ id, name, type })))));
    }
    const problems = found.flatMap((each) => each.problems);
    const keys = new Set(problems.map(keyOf));
    for (const key of this.#since.keys()) if (!keys.has(key)) this.#since.delete(key);
    this.#known = {
      summaries: found.map(({ summary }) => summary),
      problems: problems.map((each) => this.#dated(each)),
    };
  }

  /** Systems do not say since when; this process remembers when it saw it first. */
  #dated(problem: ProblemView): ProblemView {
    const key = keyOf(problem);
    const since = this.#since.get(key) ?? isoTime(this.#clock.nowMs());
    this.#since.set(key, since);
    return { ...problem, since };
  }

  async #askOne(source: Pick<SourceSummary, 'id' | 'name' | 'type'>) {
    const nothing = { slots: null, retainedBytes: null, safeBytes: null };
    try {
      const { items } = await this.look.slots(source.id);
      const sum = items.reduce((total, { retainedBytes }) => total + (retainedBytes ?? 0), 0);
      const safe = items.flatMap(({ safeBytes }) => (safeBytes === null ? [] : [safeBytes]));
      const summary = {
        ...source,
        slots: items.length,
        retainedBytes: sum,
        safeBytes: safe.length === 0 ? null : Math.min(...safe),
        trouble: null,
      };
      return { summary, problems: items.flatMap((slot) => problemsOf(source, slot)) };
    } catch (error) {
      const isKnown = error instanceof MillraceError && error.code.domain !== 'internal';
      const hasNone = isKnown && error.code.code === 'source.cannot_tell';
      const trouble = hasNone ? null : isKnown ? error.message : 'it could not be asked';
      return { summary: { ...source, ...nothing, trouble }, problems: [] };
    }
  }
}

const keyOf = ({ code, target, message }: ProblemView): string => `${code} ${target.id} ${message.split(' ', 3)[1]}`;

type Slot = Awaited<ReturnType<LookAtSourceUseCase['slots']>>['items'][number];

function problemsOf(source: Pick<SourceSummary, 'id' | 'name'>, slot: Slot): readonly ProblemView[] {
  const target = { kind: 'source' as const, id: source.id, name: source.name };
  const about = (code: string, severity: ProblemView['severity'], message: string, mend: string): ProblemView[] => [
    { code, severity, message, mend, since: null, target },
  ];
  const { name, job, state, retainedBytes, safeBytes, isActive } = slot;
  const reader = job === null ? 'nobody here' : `the job "${job.name}"`;
  if (state === 'lost' || state === 'unreserved') {
    const mend =
      job === null
        ? `Drop it: DELETE /api/v1/sources/${source.name}/slots/${name}?confirm=${name}.`
        : 'Cancel the job and submit it again for a new initial load; a larger max_slot_wal_keep_size keeps it from happening again.';
    return about('slot.lost', 'error', `slot ${name} of ${reader} is ${state}: its log is gone or about to go`, mend);
  }
  if (job === null && !isActive) {
    const kept = retainedBytes === null ? 'log' : `${size(retainedBytes)} of log`;
    const mend = `If no other installation of Millrace uses it, drop it: DELETE /api/v1/sources/${source.name}/slots/${name}?confirm=${name}.`;
    return about('slot.orphan', 'warning', `slot ${name} keeps ${kept} for a job that is gone`, mend);
  }
  if ((retainedBytes ?? 0) >= RETAINED_BYTES || (safeBytes !== null && safeBytes < RETAINED_BYTES)) {
    const room = safeBytes === null ? '' : `; ${size(Math.max(0, safeBytes))} more and it is lost`;
    const mend = `See that ${reader} runs and takes snapshots: only a committed snapshot lets ${source.name} remove its log.`;
    return about(
      'slot.retains_log',
      'warning',
      `slot ${name} keeps ${size(retainedBytes ?? 0)} of log for ${reader}${room}`,
      mend,
    );
  }
  return [];
}
