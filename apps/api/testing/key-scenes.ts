import { createApiKey, openSession } from '@rollcall/db';
import { one, openTenant, type Scene } from './death-scenes.ts';
import type { SentRequest } from './die-in-api.ts';
import type { Ground } from './ground.ts';

/** Of a tenant's keys: how many there are, how many still open something, and how many were used. */
export async function ofKeys(
  ground: Ground,
  which: 'create' | 'rotate' | 'revoke' | 'use',
): Promise<Scene> {
  const { tenantId, asks } = await openTenant(ground);
  const { id } = await createApiKey(ground.database, { tenantId, name: 'old', scopes: ['admin'] });
  return {
    request: {
      create: () => asks('POST', '/v1/keys', { name: 'billing', scopes: ['jobs:read'] }),
      rotate: () => asks('POST', `/v1/keys/${id}/rotate`, { overlap_s: 600 }),
      revoke: () => asks('DELETE', `/v1/keys/${id}`),
      use: () => asks('GET', '/v1/key'),
    }[which](),
    effect: () =>
      one(
        ground,
        `SELECT count(*) AS keys, count(*) FILTER (WHERE revoked_at IS NULL) AS valid, ${which === 'use' ? 'count(last_used_at)' : '0'} AS used
           FROM store.api_keys WHERE tenant_id = $1`,
        tenantId,
      ),
  };
}

/** Of a key whose name and limits are changed. */
export async function changedKey(ground: Ground): Promise<Scene> {
  const { tenantId, asks } = await openTenant(ground);
  const { id } = await createApiKey(ground.database, { tenantId, name: 'old', scopes: ['admin'] });
  return {
    request: asks('PATCH', `/v1/keys/${id}`, { name: 'new', numbers_per_day: 5 }),
    effect: () => one(ground, 'SELECT name, numbers_per_day FROM store.api_keys WHERE id = $1', id),
  };
}

/** Of a browser that signs in, looks at a page long after it did last, or signs out. */
export async function ofSession(ground: Ground, which: 'open' | 'use' | 'end'): Promise<Scene> {
  const { tenantId, asks } = await openTenant(ground);
  const { database } = ground;
  const name = 'ops';
  const { id, key } = await createApiKey(database, { tenantId, name, scopes: ['admin'] });
  const token = 'x'.repeat(43);
  const session = which === 'open' ? null : await openSession(database, { tenantId, id, name });
  if (which === 'use') {
    await database.query(
      "UPDATE store.sessions SET last_seen_at = now() - interval '2 minutes' WHERE tenant_id = $1",
      [tenantId],
    );
  }
  const browser = {
    origin: 'http://127.0.0.1',
    'sec-fetch-site': 'same-origin',
    accept: 'text/html',
    cookie: `rollcall-form=${token}${session === null ? '' : `; rollcall-session=${session}`}`,
  };
  const send = (path: string, form: Record<string, string>): SentRequest => ({
    ...asks('POST', path, Buffer.from(new URLSearchParams({ token, ...form }).toString())),
    headers: { ...browser, 'content-type': 'application/x-www-form-urlencoded' },
  });
  return {
    request: {
      open: () => send('/admin/login', { key }),
      use: () => ({ ...asks('GET', '/admin/queues/holds'), headers: browser }),
      end: () => send('/admin/logout', {}),
    }[which](),
    effect: () =>
      one(
        ground,
        "SELECT count(*) AS sessions, count(*) FILTER (WHERE last_seen_at > now() - interval '1 minute') AS fresh FROM store.sessions WHERE tenant_id = $1",
        tenantId,
      ),
  };
}
