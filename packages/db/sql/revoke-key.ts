import type { Database, Transaction } from '../database.ts';
import type { ApiKey } from './api-keys.ts';
import { appendAudit, system } from './audit-trail.ts';

/**
 * Ends a key from now on; the first time counts. `last_admin`: it is of scope `admin`, and no other such key of the tenant lives as long, so that
 * sooner or later nobody could make one. That one can be rotated.
 */
export async function revokeApiKey(
  db: Database,
  tenantId: number,
  id: string,
  actor = system,
): Promise<'revoked' | 'not_found' | 'last_admin'> {
  return db.transaction('key.revoke', async (tx) => {
    if (await isLastAdmin(tx, tenantId, id)) return 'last_admin';
    const { rows } = await tx.query<{ is_first: boolean }>(
      `UPDATE store.api_keys SET revoked_at = COALESCE(revoked_at, now()) WHERE id = $1 AND tenant_id = $2
       RETURNING revoked_at = now() AS is_first`,
      [id, tenantId],
    );
    const [row] = rows;
    if (!row) return 'not_found';
    const entry = { tenantId, actor, action: 'key.revoked', subject: id } as const;
    if (row.is_first) await appendAudit(tx, entry);
    return 'revoked';
  });
}

async function isLastAdmin(tx: Transaction, tenantId: number, id: string): Promise<boolean> {
  // Locked, so that of two that revoke each other's key one comes second, and is told.
  const { rows } = await tx.query<{ id: string; ends: number }>(
    `SELECT id, extract(epoch FROM COALESCE(expires_at, 'infinity'))::float8 AS ends FROM store.api_keys
      WHERE tenant_id = $1 AND 'admin' = ANY(scopes) AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
      ORDER BY id FOR NO KEY UPDATE`,
    [tenantId],
  );
  const revoked = rows.find((row) => row.id === id);
  return revoked !== undefined && !rows.some((row) => row.id !== id && row.ends >= revoked.ends);
}

/**
 * Ends every other key of a tenant that has this name, or has it with the time beside it as earlier versions wrote it: for a program
 * that makes itself a new one at each start.
 */
export async function revokeEarlierApiKeys(
  db: Database,
  kept: Pick<ApiKey, 'tenantId' | 'id'>,
  name: string,
): Promise<void> {
  const { tenantId } = kept;
  await db.transaction('key.revoke_earlier', async (tx) => {
    const { rows } = await tx.query<{ id: string }>(
      `UPDATE store.api_keys SET revoked_at = now()
        WHERE tenant_id = $1 AND id < $2 AND (name = $3 OR starts_with(name, $3 || ', ')) AND revoked_at IS NULL RETURNING id`,
      [tenantId, kept.id, name],
    );
    for (const { id } of rows) {
      const entry = { tenantId, actor: system, action: 'key.revoked', subject: id } as const;
      await appendAudit(tx, { ...entry, detail: { replaced_by: kept.id } });
    }
  });
}
