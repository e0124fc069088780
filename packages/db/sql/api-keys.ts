import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { makeId, type Scope } from '@rollcall/domain';
import { and, desc, eq, getTableColumns, gt, isNull, lt, or, sql } from '../drizzle.ts';
import type { Database, Queryable } from '../database.ts';
import { apiKeys } from '../schema.ts';
import { smallStatement } from '../small-statement.ts';

export interface ApiKey {
  readonly id: string;
  readonly tenantId: number;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt: Date | null;
}

/** A key as lists show it: nothing that opens anything. */
export interface ApiKeyRow {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
}

const shown = {
  id: apiKeys.id,
  name: apiKeys.name,
  scopes: apiKeys.scopes,
  createdAt: apiKeys.createdAt,
  expiresAt: apiKeys.expiresAt,
  revokedAt: apiKeys.revokedAt,
  lastUsedAt: apiKeys.lastUsedAt,
};

/**
 * Makes an API key and stores its digest. The key itself, `rc_live_<id>_<secret>` with 256 random bits, is returned once and
 * cannot be had again.
 */
export async function createApiKey(
  db: Database,
  key: {
    readonly tenantId: number;
    readonly name: string;
    readonly scopes: readonly Scope[];
    readonly expiresAt?: Date | null;
  },
): Promise<ApiKeyRow & { readonly key: string }> {
  const id = makeId('apiKey', Date.now(), randomBytes(10));
  const text = `rc_live_${id.slice('key_'.length).replaceAll('-', '')}_${randomBytes(32).toString('base64url')}`;
  const [row] = await db.transaction('key.create', (tx) =>
    smallStatement(tx, (on) =>
      on
        .insert(apiKeys)
        .values({
          id,
          tenantId: key.tenantId,
          name: key.name,
          digest: digestOf(text),
          scopes: [...key.scopes],
          expiresAt: key.expiresAt ?? null,
        })
        .returning(shown),
    ),
  );
  if (!row) throw new Error('a key that was just stored is not there');
  return { ...row, key: text };
}

const keyShape =
  /^rc_live_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

/** The key that a request shows, if it is known, not expired and not revoked. Looked up by its id, compared in constant time. */
export async function findApiKey(db: Database, text: string): Promise<ApiKey | null> {
  const match = keyShape.exec(text);
  if (!match) return null;
  const id = `key_${match.slice(1, 6).join('-')}`;
  // Once a minute is enough for "last used", and keeps reads from writing.
  const unnoted = or(
    isNull(apiKeys.lastUsedAt),
    lt(apiKeys.lastUsedAt, sql`now() - interval '1 minute'`),
  );
  const [row] = await smallStatement(db, (on) =>
    on
      .select({ ...getTableColumns(apiKeys), unnoted: sql<boolean>`${unnoted}` })
      .from(apiKeys)
      .where(
        and(
          eq(apiKeys.id, id),
          isNull(apiKeys.revokedAt),
          or(isNull(apiKeys.expiresAt), gt(apiKeys.expiresAt, sql`now()`)),
        ),
      ),
  );
  if (!row || !timingSafeEqual(row.digest, digestOf(text))) return null;
  if (row.unnoted) {
    await db.transaction('key.use', (tx) =>
      smallStatement(tx, (on) =>
        on
          .update(apiKeys)
          .set({ lastUsedAt: sql`now()` })
          .where(and(eq(apiKeys.id, id), unnoted)),
      ),
    );
  }
  const { tenantId, name, scopes, expiresAt } = row;
  return { id: row.id, tenantId, name, scopes, expiresAt };
}

/** Whether a tenant's key still opens anything: for whoever was let in by it and stays. */
export async function isKeyValid(db: Queryable, tenantId: number, id: string): Promise<boolean> {
  const { rows } = await db.query(
    `SELECT FROM store.api_keys
      WHERE id = $1 AND tenant_id = $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`,
    [id, tenantId],
  );
  return rows.length === 1;
}

/** A tenant's keys, newest first, those that are expired or revoked too. `before`: the last id of the page before. */
export async function listApiKeys(
  db: Queryable,
  tenantId: number,
  page: { readonly before: string | null; readonly limit: number },
): Promise<readonly ApiKeyRow[]> {
  const before = page.before === null ? undefined : lt(apiKeys.id, page.before);
  return await smallStatement(db, (on) =>
    on
      .select(shown)
      .from(apiKeys)
      .where(and(eq(apiKeys.tenantId, tenantId), before))
      .orderBy(desc(apiKeys.id))
      .limit(page.limit),
  );
}

/** Whose keys these are, by name. */
export async function readTenantName(db: Queryable, tenantId: number): Promise<string | null> {
  const { rows } = await db.query<{ name: string }>(
    'SELECT name FROM store.tenants WHERE id = $1',
    [tenantId],
  );
  return rows[0]?.name ?? null;
}

/** Ends a key from now on; the first time counts. False where the tenant has no such key. */
export async function revokeApiKey(db: Database, tenantId: number, id: string): Promise<boolean> {
  const revoked = await db.transaction('key.revoke', (tx) =>
    smallStatement(tx, (on) =>
      on
        .update(apiKeys)
        .set({ revokedAt: sql`COALESCE(${apiKeys.revokedAt}, now())` })
        .where(and(eq(apiKeys.id, id), eq(apiKeys.tenantId, tenantId))),
    ),
  );
  return revoked.rowCount === 1;
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
  await db.transaction('key.revoke_earlier', (tx) =>
    tx.query(
      `UPDATE store.api_keys SET revoked_at = now()
        WHERE tenant_id = $1 AND id < $2 AND (name = $3 OR starts_with(name, $3 || ', ')) AND revoked_at IS NULL`,
      [kept.tenantId, kept.id, name],
    ),
  );
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
