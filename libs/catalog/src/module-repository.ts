import { createHash } from 'node:crypto';
import { MillraceError } from '@millrace/kernel';
import type { DataSource } from 'typeorm';
import { appendAudit } from './audit/append-audit.ts';
import { ModuleInUse, UnknownModule } from './errors.ts';
import { violatesReference } from './postgres-error.ts';

/** An uploaded module, without its code. */
export interface JobModule {
  /** SHA-256 of the code in UTF-8, hexadecimal: its name. */
  readonly sha256: string;
  readonly byteLength: number;
  readonly createdAt: Date;
  /** Names of the jobs that use it. */
  readonly jobs: readonly string[];
}

const COLUMNS = `m.sha256, m.byte_length AS "byteLength", m.created_at AS "createdAt",
  ARRAY(SELECT j.name FROM millrace.job j WHERE j.module = m.sha256 ORDER BY j.name) AS jobs`;

/** The hash that a module goes by. */
export const moduleHash = (code: string): string => createHash('sha256').update(code).digest('hex');

/** Bundled code of jobs written in TypeScript. What is stored under a hash never changes. */
export class ModuleRepository {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  /** Keeps the code; the same code again changes nothing. */
  async put(code: string): Promise<JobModule> {
    const sha256 = moduleHash(code);
    const byteLength = Buffer.byteLength(code);
    await this.#dataSource.transaction(async (manager) => {
      const inserted: unknown[] = await manager.query(
        'INSERT INTO millrace.job_module (sha256, code, byte_length) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING 1',
        [sha256, code, byteLength],
      );
      if (inserted.length === 0) return;
      await appendAudit(manager, {
        action: 'module.create',
        target: `module/${sha256}`,
        after: { sha256, byteLength },
      });
    });
    return this.get(sha256);
  }

  /** @throws MillraceError `module.unknown` */
  async get(sha256: string): Promise<JobModule> {
    const [found] = await this.#dataSource.query<JobModule[]>(
      `SELECT ${COLUMNS} FROM millrace.job_module m WHERE m.sha256 = $1`,
      [sha256],
    );
    if (found === undefined) throw unknown(sha256);
    return found;
  }

  /** @throws MillraceError `module.unknown` */
  async code(sha256: string): Promise<string> {
    const [found] = await this.#dataSource.query<{ code: string }[]>(
      'SELECT code FROM millrace.job_module WHERE sha256 = $1',
      [sha256],
    );
    if (found === undefined) throw unknown(sha256);
    return found.code;
  }

  /** The newest first. */
  async list(limit: number): Promise<readonly JobModule[]> {
    return this.#dataSource.query<JobModule[]>(
      `SELECT ${COLUMNS} FROM millrace.job_module m ORDER BY m.created_at DESC, m.sha256 LIMIT $1`,
      [limit],
    );
  }

  /** @throws MillraceError `module.unknown`, `module.in_use` */
  async delete(sha256: string): Promise<void> {
    const { jobs, byteLength } = await this.get(sha256);
    try {
      await this.#dataSource.transaction(async (manager) => {
        await manager.query('DELETE FROM millrace.job_module WHERE sha256 = $1', [sha256]);
        await appendAudit(manager, {
          action: 'module.delete',
          target: `module/${sha256}`,
          before: { sha256, byteLength },
        });
      });
    } catch (error) {
      if (!violatesReference(error)) throw error;
      throw new MillraceError(
        ModuleInUse,
        {
          message: `the module ${sha256} is used by ${jobs.length === 0 ? 'a job' : jobs.join(', ')}`,
          mend: 'Delete those jobs first.',
          details: { jobs },
        },
        { cause: error },
      );
    }
  }
}

const unknown = (sha256: string): MillraceError =>
  new MillraceError(UnknownModule, {
    message: `there is no module ${sha256}`,
    mend: 'Upload it with millrace submit, or POST /api/v1/modules.',
    details: { sha256 },
  });
