import { MillraceError, systemClock } from '@millrace/kernel';
import { DefinitionInvalid } from '../errors.ts';
import type { ConsumerRow } from '../log/progress.ts';
import type { Consumer } from '../subscription/consumer.ts';
import { type GroupOptions, type GroupPlan, GroupRunner, type Lead } from '../subscription/group-runner.ts';
import { Builds } from './builds.ts';
import type { Projection } from './projection.ts';
import { ProjectionConsumer } from './projection-consumer.ts';

export interface ProjectionGroupOptions extends Omit<GroupOptions, 'group'> {
  /** Default `projections`. */
  readonly group?: string | undefined;
  /**
   * The projections. The same name may be there in two versions while a new one is built: the older goes on being written until the swap.
   * With the newer version alone, readers see the older as it was until then.
   */
  readonly projections: readonly Projection[];
}

/**
 * Runs async projections from the log, each in transactions with its progress. Start it in as many processes as you like: one of a
 * group runs, the others take over when it ends. Close it to stop.
 * @throws MillraceError `eventstore.definition_invalid`
 */
export function runProjections(options: ProjectionGroupOptions): GroupRunner {
  const byName = Map.groupBy(options.projections, ({ name }) => name);
  for (const [name, versions] of byName) {
    if (new Set(versions.map(({ version }) => version)).size === versions.length) continue;
    throw new MillraceError(DefinitionInvalid, {
      message: `projection "${name}" is there twice in the same version`,
      mend: 'Leave one out, or count the version of the newer one up.',
    });
  }
  const group = { ...options, group: options.group ?? 'projections' };
  return new GroupRunner(group, new ProjectionGroup(group, byName));
}

class ProjectionGroup implements GroupPlan {
  readonly #options: ProjectionGroupOptions & { readonly group: string };
  readonly #byName: ReadonlyMap<string, readonly Projection[]>;
  #builds!: Builds;
  #consumers: ProjectionConsumer[] = [];

  constructor(
    options: ProjectionGroupOptions & { readonly group: string },
    byName: ReadonlyMap<string, readonly Projection[]>,
  ) {
    this.#options = options;
    this.#byName = byName;
    this.#builds = this.#with(() => Promise.reject(new Error('not leading')));
  }

  rows(): Promise<readonly ConsumerRow[]> {
    return this.#builds.rows();
  }

  async open({ handover }: Lead): Promise<readonly Consumer[]> {
    const { pool, store, clock = systemClock, onError } = this.#options;
    this.#builds = this.#with(handover);
    this.#consumers = [];
    await this.#dropRetired();
    for (const versions of this.#byName.values()) {
      try {
        const builds = await this.#builds.open(versions.toSorted((a, b) => a.version - b.version));
        for (const { projection, row } of builds) {
          this.#consumers.push(new ProjectionConsumer({ projection, row, pool, schema: store.schema, clock }));
        }
      } catch (error) {
        // One that cannot run is no reason for the others not to.
        if (!(error instanceof MillraceError) || error.code !== DefinitionInvalid) throw error;
        onError?.(error);
      }
    }
    return this.#consumers;
  }

  /** A new build that has caught up takes the place of the old one. */
  async progressed(consumer: Consumer): Promise<Consumer | undefined> {
    const building = this.#consumers.find((candidate) => candidate === consumer && candidate.role === 'building');
    if (building === undefined || !building.progress.historyDone) return undefined;
    if (!(await this.#builds.swap(building.projection, building.row))) return undefined;
    building.wentLive();
    const old = this.#consumers.find((other) => other !== building && other.row.name === building.row.name);
    await this.#dropRetired();
    return old;
  }

  #with(handover: Lead['handover']): Builds {
    const { pool, store, group } = this.#options;
    return new Builds({ pool, schema: store.schema, group, handover });
  }

  /** An old table that somebody still reads, or built a view upon, is no reason to stop. */
  async #dropRetired(): Promise<void> {
    try {
      await this.#builds.dropRetired();
    } catch (error) {
      this.#options.onError?.(error);
    }
  }
}
