import type { EntityManager } from 'typeorm';
import { appendAudit } from './audit/append-audit.ts';
import { jobEntity, type Role } from './entities.ts';

export interface JobInput {
  readonly name: string;
  readonly document: Readonly<Record<string, unknown>>;
  /** Names of the definitions the document mentions; they cannot be deleted or renamed while the job exists. */
  readonly uses: Readonly<Record<Role, readonly string[]>>;
  /** Hash of the module it is written in. */
  readonly module?: string | undefined;
}

/** The rows of a job, in a transaction that may do more. */
export async function insertJob(
  manager: EntityManager,
  id: string,
  { name, document, uses, module }: JobInput,
): Promise<void> {
  await manager.getRepository(jobEntity).insert({ id, name, document: document as object, module: module ?? null });
  for (const role of ['source', 'sink'] as const) {
    for (const used of new Set(uses[role])) {
      await manager.query(`INSERT INTO millrace.job_${role} VALUES ($1, $2)`, [id, used]);
    }
  }
  const after = { name, document, module: module ?? null };
  await appendAudit(manager, { action: 'job.create', target: `job/${id}`, after });
}
