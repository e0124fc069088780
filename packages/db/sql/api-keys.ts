import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { makeId } from '@rollcall/domain';
import type { Queryable } from '../database.ts';

export const scopes = [
  'jobs:write',
  'jobs:read',
  'results:read',
  'holds:resolve',
  'approvals:write',
  'admin',
] as const;
export type Scope = (typeof scopes)[number];

export interface ApiKey {
  readonly id: string;
  readonly tenantId: number;
  readonly name: string;
  readonly scopes: readonly Scope[];
}

/**
 * Makes an API key and stores its digest. The key itself, `rc_live_<id>_<secret>` with 256 random bits, is returned once and
 * cannot be had again.
 */
export async function createApiKey(
  db: Queryable,
  key: {
    readonly tenantId: number;
    readonly name: string;
    readonly scopes: readonly Scope[];
    readonly expiresAt?: Date | null;
  },
): Promise<{ readonly id: string; readonly key: string }> {
  const id = makeId('apiKey', Date.now(), randomBytes(10));
  const text = `rc_live_${id.slice('key_'.length).replaceAll('-', '')}_${randomBytes(32).toString('base64url')}`;
  await db.query(
    'INSERT INTO store.api_keys (id, tenant_id, name, digest, scopes, expires_at) VALUES ($1, $2, $3, $4, $5, $6)',
    [id, key.tenantId, key.name, digestOf(text), key.scopes, key.expiresAt ?? null],
  );
  return { id, key: text };
}

const keyShape =
  /^rc_live_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

/** The key that a request shows, if it is known, not expired and not revoked. Looked up by its id, compared in constant time. */
export async function findApiKey(db: Queryable, text: string): Promise<ApiKey | null> {
  const match = keyShape.exec(text);
  if (!match) return null;
  const id = `key_${match.slice(1, 6).join('-')}`;
  const { rows } = await db.query<{
    id: string;
    tenant_id: number;
    name: string;
    scopes: Scope[];
    digest: Buffer;
  }>(
    `SELECT id, tenant_id, name, scopes, digest FROM store.api_keys
      WHERE id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`,
    [id],
  );
  const row = rows[0];
  if (!row || !timingSafeEqual(row.digest, digestOf(text))) return null;
  // Once a minute is enough for "last used", and keeps reads from writing.
  await db.query(
    `UPDATE store.api_keys SET last_used_at = now() WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`,
    [id],
  );
  return { id: row.id, tenantId: row.tenant_id, name: row.name, scopes: row.scopes };
}

export async function revokeApiKey(db: Queryable, tenantId: number, id: string): Promise<boolean> {
  const revoked = await db.query(
    'UPDATE store.api_keys SET revoked_at = now() WHERE id = $1 AND tenant_id = $2 AND revoked_at IS NULL',
    [id, tenantId],
  );
  return revoked.rowCount === 1;
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
