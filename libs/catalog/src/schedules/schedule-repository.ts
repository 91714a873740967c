import { MillraceError, suggestNames } from '@millrace/kernel';
import { type DataSource, MoreThan, type Repository } from 'typeorm';
import { appendAudit } from '../audit/append-audit.ts';
import { VersionConflict } from '../errors.ts';
import { isIdOrName } from '../id-or-name.ts';
import { type Page, type PageRequest, toPage } from '../page.ts';
import { violatedUnique } from '../postgres-error.ts';
import { ScheduleNameTaken, TooManySchedules, UnknownSchedule } from './errors.ts';
import { type Schedule, type ScheduleInput, scheduleEntity } from './schedule.ts';

const SCHEDULES_MAX = 1_000;

/** Schedules as people write them. What becomes of their ticks is in `ScheduleRunRepository`. */
export class ScheduleRepository {
  readonly #dataSource: DataSource;
  readonly #rows: Repository<Schedule>;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
    this.#rows = dataSource.getRepository(scheduleEntity);
  }

  /**
   * Makes a schedule; one with this id already is returned as it is (a second try of the same request).
   * @throws MillraceError `schedule.name_taken`, `schedule.too_many`
   */
  async create(id: string, input: ScheduleInput): Promise<Schedule> {
    if ((await this.#rows.count()) >= SCHEDULES_MAX) {
      throw new MillraceError(TooManySchedules, {
        message: `there are ${SCHEDULES_MAX} schedules, which is the most`,
        mend: 'Delete one that is not needed any more: DELETE /api/v1/schedules/NAME.',
      });
    }
    try {
      await this.#dataSource.transaction(async (manager) => {
        await manager.insert(scheduleEntity, { id, ...input, template: input.template as object });
        await appendAudit(manager, { action: 'schedule.create', target: `schedule/${id}`, after: input });
      });
    } catch (error) {
      if (violatedUnique(error) === undefined) throw error;
      if ((await this.#rows.findOneBy({ id })) === null) throw nameTaken(input.name, error);
    }
    return this.get(id);
  }

  /** @throws MillraceError `schedule.unknown`, with names that are near */
  async get(idOrName: string): Promise<Schedule> {
    const found = isIdOrName(idOrName)
      ? await this.#rows.findOne({ where: [{ id: idOrName }, { name: idOrName }] })
      : null;
    if (found !== null) return found;
    const known = await this.#rows.find({ select: { id: true, name: true }, order: { name: 'ASC' } });
    throw new MillraceError(UnknownSchedule, {
      message: `there is no schedule "${idOrName}"`,
      mend: suggestNames(
        'schedule',
        idOrName,
        known.map(({ name }) => name),
      ),
      details: { name: idOrName },
    });
  }

  async list({ limit, after }: PageRequest): Promise<Page<Schedule>> {
    const where = after === undefined ? {} : { id: MoreThan(after) };
    return toPage(await this.#rows.find({ where, order: { id: 'ASC' }, take: limit + 1 }), limit);
  }

  /**
   * @param action what the audit log calls it
   * @param expectedVersion the one the change was made from
   * @throws MillraceError `catalog.version_conflict`, `schedule.unknown`, `schedule.name_taken`
   */
  async change(
    id: string,
    change: Partial<ScheduleInput>,
    { action, expectedVersion }: { readonly action: string; readonly expectedVersion: number },
  ): Promise<Schedule> {
    let isChanged: boolean;
    try {
      isChanged = await this.#dataSource.transaction(async (manager) => {
        const before = await manager.findOneBy(scheduleEntity, { id, version: expectedVersion });
        const { affected } = await manager.update(
          scheduleEntity,
          { id, version: expectedVersion },
          { ...(change as object), updatedAt: () => 'now()', version: expectedVersion + 1 },
        );
        if (affected === 0 || before === null) return false;
        await appendAudit(manager, { action, target: `schedule/${id}`, before, after: { ...before, ...change } });
        return true;
      });
    } catch (error) {
      if (violatedUnique(error) !== undefined) throw nameTaken(change.name ?? '', error);
      throw error;
    }
    const now = await this.get(id);
    if (!isChanged) throw versionConflict(now, expectedVersion);
    return now;
  }

  /** Its jobs stay. @throws MillraceError `schedule.unknown`, `catalog.version_conflict` */
  async delete(idOrName: string, expectedVersion?: number): Promise<void> {
    const before = await this.get(idOrName);
    const { id, version } = before;
    if (expectedVersion !== undefined && expectedVersion !== version) throw versionConflict(before, expectedVersion);
    await this.#dataSource.transaction(async (manager) => {
      const { affected } = await manager.delete(scheduleEntity, { id });
      if (affected !== 0) await appendAudit(manager, { action: 'schedule.delete', target: `schedule/${id}`, before });
    });
  }
}

/** Somebody else was faster. */
export function versionConflict({ name, version }: Schedule, expected: number): MillraceError {
  return new MillraceError(VersionConflict, {
    message: `the schedule "${name}" has version ${version}, not ${expected}`,
    mend: `Read it again with GET /api/v1/schedules/${name}, and send its ETag as If-Match.`,
    details: { version },
  });
}

const nameTaken = (name: string, cause: unknown): MillraceError =>
  new MillraceError(
    ScheduleNameTaken,
    {
      message: `a schedule named "${name}" exists already`,
      mend: `Choose another name, or change that one with PATCH /api/v1/schedules/${name}.`,
      pointer: '/name',
    },
    { cause },
  );
