import type { DataSource, Repository } from 'typeorm';
import { type IdempotencyRecord, idempotencyEntity } from './entities.ts';
import type { SecretBox } from './secret-box.ts';

/** A key may be used again for another request after this long. */
export const IDEMPOTENCY_KEPT_HOURS = 24;
/** A request that has no answer after this long is taken to have died with its process; a second try takes over. */
export const IDEMPOTENCY_CLAIM_SECONDS = 60;
const PURGE_ROWS_MAX = 100;

export type IdempotencyClaim =
  /** The caller works on the request, making the resource under this id. */
  | { readonly kind: 'claimed'; readonly resourceId: string }
  | { readonly kind: 'answered'; readonly status: number; readonly body: unknown }
  /** Somebody is working on it right now. */
  | { readonly kind: 'busy' }
  /** The key belongs to another body. */
  | { readonly kind: 'mismatch' };

/**
 * Answers kept for `Idempotency-Key`. The id of what a request makes is fixed with the claim, so a second try after a crash between
 * making and answering finds the resource instead of making another one.
 */
export class IdempotencyRepository {
  readonly #dataSource: DataSource;
  readonly #rows: Repository<IdempotencyRecord>;
  readonly #secretBox: SecretBox;

  constructor(dataSource: DataSource, secretBox: SecretBox) {
    this.#dataSource = dataSource;
    this.#rows = dataSource.getRepository(idempotencyEntity);
    this.#secretBox = secretBox;
  }

  async claim(request: { route: string; key: string; body: string; resourceId: string }): Promise<IdempotencyClaim> {
    const { route, key, body, resourceId } = request;
    await this.#purge();
    const inserted: unknown[] = await this.#dataSource.query(
      `INSERT INTO millrace.idempotency_key (route, key, body_mac, resource_id) VALUES ($1, $2, $3, $4)
       ON CONFLICT DO NOTHING RETURNING 1`,
      [route, key, this.#secretBox.mac(body), resourceId],
    );
    if (inserted.length > 0) return { kind: 'claimed', resourceId };
    const stored = await this.#rows.findOneBy({ route, key });
    if (stored === null) return { kind: 'busy' }; // released between the two statements: the client tries again
    if (!this.#secretBox.macMatches(body, stored.bodyMac)) return { kind: 'mismatch' };
    if (stored.status !== null) return { kind: 'answered', status: stored.status, body: stored.body };
    const taken = await this.#rows
      .createQueryBuilder()
      .update()
      .set({ claimedAt: () => 'now()' })
      .where('route = :route AND key = :key AND status IS NULL', { route, key })
      .andWhere(`claimed_at < now() - interval '${IDEMPOTENCY_CLAIM_SECONDS} seconds'`)
      .execute();
    return taken.affected === 0 ? { kind: 'busy' } : { kind: 'claimed', resourceId: stored.resourceId };
  }

  /** Keeps the answer. */
  async answer(route: string, key: string, status: number, body: unknown): Promise<void> {
    await this.#rows.update({ route, key }, { status, body: body as object });
  }

  /** Forgets a claim whose request was refused: nothing was made, and after the repair the same key may be used. */
  async release(route: string, key: string): Promise<void> {
    await this.#dataSource.query(
      'DELETE FROM millrace.idempotency_key WHERE route = $1 AND key = $2 AND status IS NULL',
      [route, key],
    );
  }

  async #purge(): Promise<void> {
    await this.#dataSource.query(
      `DELETE FROM millrace.idempotency_key WHERE (route, key) IN (
         SELECT route, key FROM millrace.idempotency_key
         WHERE claimed_at < now() - interval '${IDEMPOTENCY_KEPT_HOURS} hours' ORDER BY claimed_at LIMIT ${PURGE_ROWS_MAX} FOR UPDATE SKIP LOCKED)`,
    );
  }
}
