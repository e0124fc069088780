import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, layGround, row } from '../testing/ground.ts';
import { findApiKey, listApiKeys, validKeysOf } from './api-keys.ts';
import { createApiKey } from './make-key.ts';
import { revokeApiKey, revokeEarlierApiKeys } from './revoke-key.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

const make = (expiresAt: Date | null = null) =>
  createApiKey(ground.db, {
    tenantId: 1,
    name: 'ci',
    scopes: ['jobs:read', 'jobs:write'],
    expiresAt,
  });

test('a key opens what it was made for, and is stored as a digest only', async () => {
  const { id, key } = await make();
  expect(key).toMatch(/^rc_live_[0-9a-f]{32}_[A-Za-z0-9_-]{43}$/);
  expect(await findApiKey(ground.db, key)).toEqual({
    id,
    tenantId: 1,
    name: 'ci',
    scopes: ['jobs:read', 'jobs:write'],
    expiresAt: null,
    family: id,
    requestsPerMinute: null,
    numbersPerDay: null,
    costPerDay: null,
  });
  const stored = await row(ground, 'SELECT k::text AS text FROM store.api_keys k WHERE id = $1', [
    id,
  ]);
  const secret = key.slice(-43);
  expect(String(stored['text'])).not.toContain(secret);
});

test('a key with another secret, of another shape or of nobody is none', async () => {
  const { key } = await make();
  const wrongSecret = `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`;
  const wrongId = key.replace(/^(rc_live_)./, '$1f');
  for (const text of [
    wrongSecret,
    wrongId,
    '',
    'rc_live_',
    `${key}x`,
    ` ${key}`,
    key.toUpperCase(),
  ]) {
    expect(await findApiKey(ground.db, text)).toBeNull();
  }
});

test('a key ends when it expires, and when it is revoked, by its own tenant', async () => {
  const expired = await make(new Date(Date.now() - 1_000));
  expect(await findApiKey(ground.db, expired.key)).toBeNull();
  const { id, key } = await make(new Date(Date.now() + 3_600_000));
  expect(await findApiKey(ground.db, key)).not.toBeNull();
  expect(await revokeApiKey(ground.db, 2, id)).toBe('not_found');
  expect(await findApiKey(ground.db, key)).not.toBeNull();
  expect(await revokeApiKey(ground.db, 1, id)).toBe('revoked');
  expect(await findApiKey(ground.db, key)).toBeNull();
  const revokedAt = async () =>
    (await listApiKeys(ground.db, 1, { before: null, limit: 1 }))[0]?.revokedAt;
  const first = await revokedAt();
  expect(first).toBeInstanceOf(Date);
  expect(await revokeApiKey(ground.db, 1, id)).toBe('revoked');
  expect(await revokedAt()).toEqual(first);
});

test('whoever was let in and stays is looked up by tenant: neither expired nor revoked keys are valid', async () => {
  const [lasting, expired, revoked] = [
    (await make()).id,
    (await make(new Date(Date.now() - 1_000))).id,
    (await make()).id,
  ];
  await revokeApiKey(ground.db, 1, revoked);
  const asked = [lasting, expired, revoked];
  expect(await validKeysOf(ground.db, 1, asked)).toEqual(new Set([lasting]));
  expect(await validKeysOf(ground.db, 2, asked)).toEqual(new Set());
});

test('the last use is written once a minute, not at every request', async () => {
  const { id, key } = await make();
  const lastUsed = async () =>
    await row(
      ground,
      'SELECT last_used_at, xmin::text AS version FROM store.api_keys WHERE id = $1',
      [id],
    );
  await findApiKey(ground.db, key);
  const first = await lastUsed();
  expect(first['last_used_at']).toBeInstanceOf(Date);
  await findApiKey(ground.db, key);
  expect(await lastUsed()).toEqual(first);
  await ground.db.query(
    "UPDATE store.api_keys SET last_used_at = now() - interval '61 seconds' WHERE id = $1",
    [id],
  );
  await findApiKey(ground.db, key);
  expect((await lastUsed())['last_used_at']).not.toEqual(first['last_used_at']);
});

test('a program’s earlier keys end, also those with a time in their name, and nobody else’s', async () => {
  const named = (name: string) =>
    createApiKey(ground.db, { tenantId: 1, name, scopes: ['admin'], expiresAt: null });
  const earlier = [await named('start'), await named('start, 2026-11-22T06:00:00.000Z')];
  const other = await named('starter');
  const kept = await named('start');
  await revokeEarlierApiKeys(ground.db, { tenantId: 1, id: kept.id }, 'start');
  for (const { key } of earlier) expect(await findApiKey(ground.db, key)).toBeNull();
  for (const { key } of [other, kept]) expect(await findApiKey(ground.db, key)).not.toBeNull();
});
