import { createHash, timingSafeEqual } from 'node:crypto';
import { formatMoney, type Money, type Scope } from '@rollcall/domain';
import { and, desc, eq, inArray, lt } from '../drizzle.ts';
import type { Database, Queryable, Transaction } from '../database.ts';
import { apiKeys } from '../schema.ts';
import { smallStatement } from '../small-statement.ts';
import { appendAudit, system } from './audit-trail.ts';
import { storedMoney } from './storable.ts';

/** What a key may use of what everybody shares. Null: no limit of its own. */
export interface KeyLimits {
  /** Of each process that answers it. */
  readonly requestsPerMinute: number | null;
  /** Of a UTC day, with all keys that it was rotated from and into. */
  readonly numbersPerDay: number | null;
  /** The same, by configured price, in each currency by itself. */
  readonly costPerDay: Money | null;
}

export interface ApiKey extends KeyLimits {
  readonly id: string;
  readonly tenantId: number;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt: Date | null;
  /** The first of the keys that follow each other by rotation. */
  readonly family: string;
}

/** A key as lists show it: nothing that opens anything. */
export interface ApiKeyRow extends KeyLimits {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly rotatedFrom: string | null;
}

const shown = {
  id: apiKeys.id,
  name: apiKeys.name,
  scopes: apiKeys.scopes,
  createdAt: apiKeys.createdAt,
  expiresAt: apiKeys.expiresAt,
  revokedAt: apiKeys.revokedAt,
  lastUsedAt: apiKeys.lastUsedAt,
  rotatedFrom: apiKeys.rotatedFrom,
  requestsPerMinute: apiKeys.requestsPerMinute,
  numbersPerDay: apiKeys.numbersPerDay,
  costPerDay: apiKeys.costPerDay,
};

const keyShape =
  /^rc_live_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

interface FoundKey extends Omit<ApiKey, 'family' | 'costPerDay'> {
  readonly digest: Buffer;
  readonly family: string | null;
  readonly costPerDay: string | null;
  readonly unnoted: boolean;
  readonly unusedToday: boolean;
}

/** Once a minute is enough for "last used", and keeps reads from writing. */
const unnotedUse = "(k.last_used_at IS NULL OR k.last_used_at < now() - interval '1 minute')";

/** The key that a request shows, if it is known, not expired and not revoked. Looked up by its id, compared in constant time. */
export async function findApiKey(db: Database, text: string): Promise<ApiKey | null> {
  const match = keyShape.exec(text);
  if (!match) return null;
  const id = `key_${match.slice(1, 6).join('-')}`;
  // Whose it is, is not known yet: Postgres says it by the key's id, and shows that tenant's row.
  const { rows } = await db.ofKey(id).query<FoundKey>({
    name: 'key.find',
    text: `SELECT k.id, k.tenant_id AS "tenantId", k.name, k.digest, k.scopes, k.expires_at AS "expiresAt", k.family, k.requests_per_minute AS "requestsPerMinute",
                  k.numbers_per_day AS "numbersPerDay", k.cost_per_day AS "costPerDay", ${unnotedUse} AS unnoted,
                  COALESCE(k.last_used_at < date_trunc('day', now(), 'UTC'), true) AS "unusedToday"
             FROM store.api_keys k WHERE k.id = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())`,
    values: [id],
  });
  const [row] = rows;
  if (!row || !timingSafeEqual(row.digest, digestOf(text))) return null;
  if (row.unnoted) {
    await db.ofTenant(row.tenantId).transaction('key.use', async (tx) => {
      const noted = await tx.query(
        `UPDATE store.api_keys k SET last_used_at = now() WHERE k.id = $1 AND ${unnotedUse}`,
        [id],
      );
      if (noted.rowCount !== 1 || !row.unusedToday) return;
      const actor = `${id} (${row.name})`;
      await appendAudit(tx, { tenantId: row.tenantId, actor, action: 'key.used', subject: id });
    });
  }
  const { tenantId, name, scopes, expiresAt, family, requestsPerMinute, numbersPerDay } = row;
  return {
    id: row.id,
    tenantId,
    name,
    scopes,
    expiresAt,
    family: family ?? row.id,
    requestsPerMinute,
    numbersPerDay,
    costPerDay: moneyOf(row.costPerDay),
  };
}

/** Those of a tenant's keys that still open something: for whoever was let in by one and stays. */
export async function validKeysOf(
  db: Database,
  tenantId: number,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await db.ofTenant(tenantId).query<{ id: string }>(
    `SELECT id FROM store.api_keys
      WHERE tenant_id = $1 AND id = ANY($2) AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`,
    [tenantId, ids],
  );
  return new Set(rows.map(({ id }) => id));
}

/** A tenant's keys, newest first, those that are expired or revoked too. `before`: the last id of the page before. */
export async function listApiKeys(
  db: Queryable,
  tenantId: number,
  page: { readonly before: string | null; readonly limit: number },
): Promise<readonly ApiKeyRow[]> {
  const before = page.before === null ? undefined : lt(apiKeys.id, page.before);
  const rows = await smallStatement(db, (on) =>
    on
      .select(shown)
      .from(apiKeys)
      .where(and(eq(apiKeys.tenantId, tenantId), before))
      .orderBy(desc(apiKeys.id))
      .limit(page.limit),
  );
  return rows.map(rowOf);
}

/**
 * Changes what is given, and leaves the rest; null where the tenant has no such key. What a key may do never changes: that is another key.
 * Limits are those of all valid keys of its rotation, as what they use is: else a limit that is lowered leaves the old key as it was.
 */
export async function changeApiKey(
  db: Database,
  tenantId: number,
  id: string,
  change: Partial<KeyLimits & { readonly name: string }>,
  actor = system,
): Promise<ApiKeyRow | null> {
  const { name, costPerDay, ...plain } = change;
  const limits = { ...plain, ...(costPerDay !== undefined && { costPerDay: textOf(costPerDay) }) };
  return db.transaction('key.change', async (tx) => {
    // Of nothing, Postgres would make an error.
    const values = { tenantId, ...(name !== undefined && { name }), ...limits };
    const others = await lockOthersOfRotation(tx, tenantId, id);
    const [row] = await smallStatement(tx, (on) =>
      on
        .update(apiKeys)
        .set(values)
        .where(and(eq(apiKeys.id, id), eq(apiKeys.tenantId, tenantId)))
        .returning(shown),
    );
    if (!row) return null;
    const isOfAll = Object.keys(limits).length > 0 && others.length > 0;
    if (isOfAll) {
      await smallStatement(tx, (on) =>
        on
          .update(apiKeys)
          .set(limits)
          .where(and(inArray(apiKeys.id, others), eq(apiKeys.tenantId, tenantId))),
      );
    }
    const detail = { changed: Object.keys(change).sort().join(' ') };
    await appendAudit(tx, {
      tenantId,
      actor,
      action: 'key.changed',
      subject: id,
      detail,
      ...(isOfAll && { counts: { keys: 1 + others.length } }),
    });
    return rowOf(row);
  });
}

/** The other valid keys of a rotation. Who rotates one of them at this moment is waited for, so that the key that comes of it is one of them. */
async function lockOthersOfRotation(
  tx: Transaction,
  tenantId: number,
  id: string,
): Promise<readonly string[]> {
  const members = `tenant_id = $1 AND COALESCE(family, id) = (SELECT COALESCE(family, id) FROM store.api_keys WHERE tenant_id = $1 AND id = $2)`;
  await tx.query(`SELECT FROM store.api_keys WHERE ${members} ORDER BY id FOR NO KEY UPDATE`, [
    tenantId,
    id,
  ]);
  const { rows } = await tx.query<{ id: string }>(
    `SELECT id FROM store.api_keys
      WHERE ${members} AND id <> $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) ORDER BY id FOR NO KEY UPDATE`,
    [tenantId, id],
  );
  return rows.map((row) => row.id);
}

/** Whose keys these are, by name. */
export async function readTenantName(db: Queryable, tenantId: number): Promise<string | null> {
  const { rows } = await db.query<{ name: string }>(
    'SELECT name FROM store.tenants WHERE id = $1',
    [tenantId],
  );
  return rows[0]?.name ?? null;
}

/** SHA-256 of a whole key: it has 256 random bits, so that a slow hash would add nothing. */
export function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

interface NewApiKey extends Partial<KeyLimits> {
  readonly id: string;
  readonly text: string;
  readonly tenantId: number;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt?: Date | null;
  readonly idempotency?: { readonly key: string; readonly fingerprint: Uint8Array } | null;
}

/** Stores a key that was made: its digest, and never itself. */
export async function insertApiKey(tx: Transaction, key: NewApiKey): Promise<ApiKeyRow> {
  const [row] = await smallStatement(tx, (on) =>
    on
      .insert(apiKeys)
      .values({
        id: key.id,
        tenantId: key.tenantId,
        name: key.name,
        digest: digestOf(key.text),
        scopes: [...key.scopes],
        expiresAt: key.expiresAt ?? null,
        madeUnder: key.idempotency?.key ?? null,
        fingerprint: key.idempotency ? Buffer.from(key.idempotency.fingerprint) : null,
        requestsPerMinute: key.requestsPerMinute ?? null,
        numbersPerDay: key.numbersPerDay ?? null,
        costPerDay: textOf(key.costPerDay ?? null),
      })
      .returning(shown),
  );
  if (!row) throw new Error('a key that was just stored is not there');
  return rowOf(row);
}

/** One of a tenant's keys, as lists show it. */
export async function readApiKey(
  db: Queryable,
  tenantId: number,
  id: string,
): Promise<ApiKeyRow | null> {
  const [row] = await smallStatement(db, (on) =>
    on
      .select(shown)
      .from(apiKeys)
      .where(and(eq(apiKeys.id, id), eq(apiKeys.tenantId, tenantId))),
  );
  return row ? rowOf(row) : null;
}

function rowOf(row: Omit<ApiKeyRow, 'costPerDay'> & { readonly costPerDay: string | null }) {
  return { ...row, costPerDay: moneyOf(row.costPerDay) };
}

function moneyOf(text: string | null): Money | null {
  return text === null ? null : storedMoney(text);
}

function textOf(money: Money | null): string | null {
  return money === null ? null : formatMoney(money);
}
