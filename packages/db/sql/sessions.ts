import { createHash, randomBytes } from 'node:crypto';
import type { Database } from '../database.ts';
import type { ApiKey } from './api-keys.ts';
import { appendAudit } from './audit-trail.ts';
import { storedMoney } from './storable.ts';

/** Sessions of browsers that signed in with a key. Nothing is remembered between two requests: a session ends with its key, at once. */

/** After its last request. The board asks every few seconds, so that this counts from when its page was left. */
export const sessionIdle_s = 30 * 60;
/** After the sign-in, whatever it does. */
export const sessionLife_s = 12 * 60 * 60;
/** Of one key; the oldest makes room. */
const sessionsMax = 20;

/** A session, and the key that it was opened with. */
export interface Session {
  readonly apiKey: ApiKey;
  /** At the latest. */
  readonly endsAt: Date;
}

/** Opens a session and returns what the browser shows from now on: 256 random bits, told this once. Only their digest is stored. */
export async function openSession(
  db: Database,
  { tenantId, id, name }: Pick<ApiKey, 'tenantId' | 'id' | 'name'>,
): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await db.ofTenant(tenantId).transaction('session.open', async (tx) => {
    await tx.query(
      `DELETE FROM store.sessions WHERE tenant_id = $1
          AND (created_at < now() - make_interval(secs => $2) OR last_seen_at < now() - make_interval(secs => $3))`,
      [tenantId, sessionLife_s, sessionIdle_s],
    );
    await tx.query(
      `DELETE FROM store.sessions WHERE tenant_id = $1 AND digest IN
         (SELECT digest FROM store.sessions WHERE tenant_id = $1 AND key_id = $2 ORDER BY created_at DESC, digest OFFSET $3)`,
      [tenantId, id, sessionsMax - 1],
    );
    await tx.query('INSERT INTO store.sessions (digest, tenant_id, key_id) VALUES ($1, $2, $3)', [
      digestOf(token),
      tenantId,
      id,
    ]);
    const actor = `${id} (${name})`;
    await appendAudit(tx, { tenantId, actor, action: 'session.opened', subject: id });
  });
  return token;
}

/** The session of a cookie, while it and its key last. */
export async function findSession(db: Database, token: string): Promise<Session | null> {
  if (!/^[A-Za-z0-9_-]{43}$/.test(token)) return null;
  const digest = digestOf(token);
  const { rows } = await db.ofSession(digest).query<SessionRow>(
    `SELECT k.id, k.tenant_id, k.name, k.scopes, k.expires_at, COALESCE(k.family, k.id) AS family,
            k.requests_per_minute, k.numbers_per_day, k.cost_per_day,
            LEAST(s.created_at + make_interval(secs => $2), k.expires_at) AS ends_at,
            s.last_seen_at < now() - interval '1 minute' AS unnoted
       FROM store.sessions s JOIN store.api_keys k ON k.id = s.key_id AND k.tenant_id = s.tenant_id
      WHERE s.digest = $1 AND s.created_at > now() - make_interval(secs => $2) AND s.last_seen_at > now() - make_interval(secs => $3)
        AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())`,
    [digest, sessionLife_s, sessionIdle_s],
  );
  const row = rows[0];
  if (!row) return null;
  if (row.unnoted) {
    await db
      .ofTenant(row.tenant_id)
      .transaction('session.use', (tx) =>
        tx.query(
          'UPDATE store.sessions SET last_seen_at = now() WHERE digest = $1 AND tenant_id = $2',
          [digest, row.tenant_id],
        ),
      );
  }
  return {
    endsAt: row.ends_at,
    apiKey: {
      id: row.id,
      tenantId: row.tenant_id,
      name: row.name,
      scopes: row.scopes,
      expiresAt: row.expires_at,
      family: row.family,
      requestsPerMinute: row.requests_per_minute,
      numbersPerDay: row.numbers_per_day,
      costPerDay: row.cost_per_day === null ? null : storedMoney(row.cost_per_day),
    },
  };
}

/** Ends the session of a cookie. One that is not there is ended already. */
export async function endSession(db: Database, tenantId: number, token: string): Promise<void> {
  await db
    .ofTenant(tenantId)
    .transaction('session.end', (tx) =>
      tx.query('DELETE FROM store.sessions WHERE digest = $1 AND tenant_id = $2', [
        digestOf(token),
        tenantId,
      ]),
    );
}

interface SessionRow {
  id: string;
  tenant_id: number;
  name: string;
  scopes: ApiKey['scopes'];
  expires_at: Date | null;
  family: string;
  requests_per_minute: number | null;
  numbers_per_day: number | null;
  cost_per_day: string | null;
  ends_at: Date;
  unnoted: boolean;
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
