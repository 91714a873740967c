import { ulids } from '@millrace/kernel';
import { AuditRepository } from '../audit/audit-repository.ts';
import { runInAuditScope } from '../audit/audit-scope.ts';
import { withCodedErrors } from '../coded-errors.ts';
import { openCatalogDataSource } from '../data-source.ts';
import type { ApiKeyInput, IssuedKey } from './api-key.ts';
import { ApiKeyRepository } from './api-key-repository.ts';

/**
 * Makes an admin's key for somebody who has the credentials of the metadata database itself: while there is no key, and again when no admin's
 * works any more. Brings the tables up to date.
 * @param createdBy name for the audit log
 * @throws MillraceError `access.first_key_exists`, `catalog.unavailable`, `catalog.migration_locked`
 */
export async function createFirstKeyLocally(url: string, input: Omit<ApiKeyInput, 'role'>): Promise<IssuedKey> {
  const dataSource = await openCatalogDataSource(url);
  try {
    const audit = withCodedErrors(new AuditRepository(dataSource));
    const keys = withCodedErrors(new ApiKeyRepository(dataSource));
    const id = ulids.next();
    const scope = await audit.begin(
      { action: 'api_key.create_first', target: `api-key/${id}` },
      {
        actor: { kind: 'local', keyId: null, name: input.createdBy, role: null },
        requestId: null,
        address: null,
        request: null,
      },
    );
    try {
      return await runInAuditScope(scope, () => keys.createFirst(id, input, { recover: true }));
    } catch (error) {
      await audit.end(scope, { outcome: 'refused' });
      throw error;
    }
  } finally {
    await dataSource.destroy();
  }
}
