import type { Key } from '@rollcall/contract';
import type { ApiKeyRow } from '@rollcall/db';

/** A key's row as the contract shows it. */
export function keyViewOf(row: ApiKeyRow): Key {
  return {
    id: row.id,
    name: row.name,
    scopes: [...row.scopes],
    created_at: row.createdAt.toISOString(),
    expires_at: row.expiresAt?.toISOString() ?? null,
    revoked_at: row.revokedAt?.toISOString() ?? null,
    last_used_at: row.lastUsedAt?.toISOString() ?? null,
  };
}
