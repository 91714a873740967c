import type { TableRows } from '../upsert/steps.ts';

export interface Order {
  /** Parents before their children. */
  readonly tables: readonly TableRows[];
  /** Tables with deletes, children before their parents. */
  readonly deletes: readonly TableRows[];
  /** Deletes come behind all else. */
  readonly deletesLast: boolean;
}

/**
 * In which order the tables of a step are written, so that what holds at the end of a source transaction holds in between, too: parents are
 * there before their children (which may have come first, where the source checks at the end), and children go before their parents.
 *
 * Deletes go first, so that a new row may take over a unique value of a deleted one. Where foreign keys lead to their table they go last:
 * a row that has found another parent must not be taken along, with all that leads to it, by a deletion that cascades; and one whose
 * parent changes its key needs the new parent before the old one goes.
 */
export function foreignKeyOrder(step: readonly TableRows[]): Order {
  const byId = new Map(step.map((rows) => [rows.plan.id, rows]));
  const tables = new Set<TableRows>();
  const entered = new Set<TableRows>();
  const add = (rows: TableRows): void => {
    // Tables in a circle stay as they came.
    if (entered.has(rows)) return;
    entered.add(rows);
    for (const parent of rows.plan.references) {
      const of = byId.get(parent);
      if (of !== undefined) add(of);
    }
    tables.add(rows);
  };
  for (const rows of step) add(rows);
  const deletes = [...tables].filter((rows) => rows.deletes > 0).toReversed();
  return { tables: [...tables], deletes, deletesLast: deletes.some(({ plan }) => plan.isReferenced) };
}
