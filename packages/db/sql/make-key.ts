import { randomBytes } from 'node:crypto';
import { makeId, type Scope } from '@rollcall/domain';
import type { Database, Transaction } from '../database.ts';
import { type Actor, appendAudit, system } from './audit-trail.ts';
import { type ApiKeyRow, insertApiKey, type KeyLimits } from './api-keys.ts';
import type { IdempotencyKey } from './idempotency-key.ts';

/** A key as it is told this once. */
export type MadeKey = ApiKeyRow & { readonly key: string };

interface AskedKey extends Partial<KeyLimits> {
  readonly tenantId: number;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt?: Date | null;
  /** Who makes it, for the audit trail. */
  readonly actor?: string;
}

/**
 * Makes an API key and stores its digest. The key itself, `rc_live_<id>_<secret>` with 256 random bits, is returned once and
 * cannot be had again.
 */
export async function createApiKey(db: Database, asked: AskedKey): Promise<MadeKey> {
  return creating(db, asked.tenantId, (tx) => make(tx, asked));
}

export type MadeOnce =
  | { readonly kind: 'made'; readonly key: MadeKey }
  | { readonly kind: 'other_body' }
  /** The key that was made under this Idempotency-Key was used: whoever asked has it. */
  | { readonly kind: 'in_use'; readonly id: string };

/**
 * The same under an Idempotency-Key. What was made under it before cannot be told again; as long as nobody has used it, nobody has it: it is ended, and
 * another takes its place. So one key at most comes of it, however often it is asked for.
 */
export async function createApiKeyOnce(
  db: Database,
  asked: AskedKey,
  idempotency: IdempotencyKey,
): Promise<MadeOnce> {
  return creating(db, asked.tenantId, (tx) => makeOnce(tx, asked, idempotency));
}

async function makeOnce(
  tx: Transaction,
  asked: AskedKey,
  idempotency: IdempotencyKey,
): Promise<MadeOnce> {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `key ${asked.tenantId} ${idempotency.key}`,
  ]);
  const { rows } = await tx.query<{ id: string; same: boolean; is_used: boolean }>(
    `SELECT id, fingerprint = $3 AS same, last_used_at IS NOT NULL AS is_used FROM store.api_keys
      WHERE tenant_id = $1 AND made_under = $2 ORDER BY id DESC LIMIT 1 FOR NO KEY UPDATE`,
    [asked.tenantId, idempotency.key, Buffer.from(idempotency.fingerprint)],
  );
  const before = rows[0];
  if (before && !before.same) return { kind: 'other_body' };
  if (before?.is_used) return { kind: 'in_use', id: before.id };
  const unknown = before ? [before.id] : [];
  await endUnused(tx, asked.tenantId, unknown);
  const key = await make(tx, { ...asked, idempotency });
  const { tenantId, actor = system } = asked;
  await tellEnded(tx, { tenantId, actor }, unknown);
  return { kind: 'made', key };
}

async function creating<T>(
  db: Database,
  tenantId: number,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  return db.ofTenant(tenantId).transaction('key.create', work);
}

async function make(
  tx: Transaction,
  asked: AskedKey & { readonly idempotency?: IdempotencyKey },
): Promise<MadeKey> {
  const { id, text } = newKey();
  const row = await insertApiKey(tx, { ...asked, id, text });
  await appendAudit(tx, {
    tenantId: asked.tenantId,
    actor: asked.actor ?? system,
    action: 'key.made',
    subject: id,
    detail: {
      name: asked.name,
      scopes: asked.scopes.join(' '),
      ...(asked.expiresAt && { expires_at: asked.expiresAt.toISOString() }),
    },
  });
  return { ...row, key: text };
}

/** The id of a new key, and its text: the id without its prefix and hyphens, and the secret. */
export function newKey(): { readonly id: string; readonly text: string } {
  const id = makeId('apiKey', Date.now(), randomBytes(10));
  const name = id.slice('key_'.length).replaceAll('-', '');
  return { id, text: `rc_live_${name}_${randomBytes(32).toString('base64url')}` };
}

/** Tells the audit trail of keys that were ended because nobody has learnt them. */
export async function tellEnded(tx: Transaction, by: Actor, ids: readonly string[]): Promise<void> {
  for (const subject of ids) await appendAudit(tx, { ...by, action: 'key.revoked', subject });
}

/** Ends keys that nobody has used. One that is used in this very moment ends too, as by a revocation. */
export async function endUnused(
  tx: Transaction,
  tenantId: number,
  ids: readonly string[],
): Promise<void> {
  await tx.query(
    'UPDATE store.api_keys SET revoked_at = COALESCE(revoked_at, now()) WHERE tenant_id = $1 AND id = ANY($2)',
    [tenantId, ids],
  );
}
