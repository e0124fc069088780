import type { Database } from '../database.ts';
import { digestOf, readApiKey } from './api-keys.ts';
import { appendAudit, system } from './audit-trail.ts';
import { endUnused, type MadeKey, newKey, tellEnded } from './make-key.ts';

export type Rotated =
  | { readonly kind: 'rotated'; readonly key: MadeKey; readonly oldEndsAt: Date }
  | { readonly kind: 'not_found' }
  /** It is expired or revoked. */
  | { readonly kind: 'ended' }
  /** It was rotated into a key that is in use. */
  | { readonly kind: 'in_use'; readonly id: string };

/**
 * Makes a key that takes the place of another: the same name, scopes, limits and, where that one expires, length of life. The old one ends `overlap_s` later,
 * or when it would have anyhow; with 0 at once. Sent again after a lost answer, the key that nobody learnt is ended, and another takes its place.
 */
export async function rotateApiKey(
  db: Database,
  tenantId: number,
  id: string,
  overlap_s: number,
  actor = system,
): Promise<Rotated> {
  return db.transaction('key.rotate', async (tx): Promise<Rotated> => {
    const old = await tx.query<{ is_valid: boolean }>(
      `SELECT revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) AS is_valid
         FROM store.api_keys WHERE id = $1 AND tenant_id = $2 FOR NO KEY UPDATE`,
      [id, tenantId],
    );
    if (!old.rows[0]) return { kind: 'not_found' };
    const { rows: successors } = await tx.query<{ id: string; is_used: boolean }>(
      `SELECT id, last_used_at IS NOT NULL AS is_used FROM store.api_keys
        WHERE rotated_from = $1 AND tenant_id = $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
        ORDER BY id FOR NO KEY UPDATE`,
      [id, tenantId],
    );
    // One that was rotated without an overlap has ended, and the answer may be lost all the same.
    if (!old.rows[0].is_valid && successors.length === 0) return { kind: 'ended' };
    const inUse = successors.find((each) => each.is_used);
    if (inUse) return { kind: 'in_use', id: inUse.id };
    const unknown = successors.map((each) => each.id);
    await endUnused(tx, tenantId, unknown);

    const made = newKey();
    await tx.query(
      `INSERT INTO store.api_keys (id, tenant_id, name, digest, scopes, expires_at, family, rotated_from,
                                   requests_per_minute, numbers_per_day, cost_per_day)
       SELECT $3, o.tenant_id, o.name, $4, o.scopes, now() + (life.expires_at - life.created_at), COALESCE(o.family, o.id), o.id,
              o.requests_per_minute, o.numbers_per_day, o.cost_per_day
         FROM store.api_keys o JOIN store.api_keys life ON life.tenant_id = o.tenant_id AND life.id = $5
        WHERE o.id = $1 AND o.tenant_id = $2`,
      // An earlier rotation has shortened the life of the old one already.
      [id, tenantId, made.id, digestOf(made.text), unknown[0] ?? id],
    );
    const ended = await tx.query<{ ends_at: Date }>(
      `UPDATE store.api_keys
          SET expires_at = CASE WHEN $3 > 0 THEN LEAST(expires_at, now() + make_interval(secs => $3)) ELSE expires_at END,
              revoked_at = CASE WHEN $3 > 0 THEN revoked_at ELSE COALESCE(revoked_at, now()) END
        WHERE id = $1 AND tenant_id = $2 RETURNING COALESCE(revoked_at, expires_at) AS ends_at`,
      [id, tenantId, overlap_s],
    );
    const row = await readApiKey(tx, tenantId, made.id);
    const oldEndsAt = ended.rows[0]?.ends_at;
    if (!row || !oldEndsAt) throw new Error('a key that was just stored is not there');
    await tellEnded(tx, { tenantId, actor }, unknown);
    await appendAudit(tx, {
      tenantId,
      actor,
      action: 'key.rotated',
      subject: id,
      detail: { into: made.id, old_ends_at: oldEndsAt.toISOString() },
    });
    return { kind: 'rotated', key: { ...row, key: made.text }, oldEndsAt };
  });
}
