import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, layGround, row } from '../testing/ground.ts';
import { createApiKey } from './make-key.ts';
import { endSession, findSession, openSession } from './sessions.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

const makeKey = () => createApiKey(ground.db, { tenantId: 1, name: 'ops', scopes: ['admin'] });
const open = (id: string) => openSession(ground.db, { tenantId: 1, id, name: 'ops' });
const isOpen = async (token: string) => (await findSession(ground.db, token)) !== null;

test('of a key twenty sessions last, and the oldest makes room', async () => {
  const { id } = await makeKey();
  const other = await open((await makeKey()).id);
  const tokens: string[] = [];
  for (let count = 0; count < 21; count += 1) tokens.push(await open(id));
  const last = await Promise.all(tokens.map(isOpen));
  expect(last).toEqual([false, ...Array.from({ length: 20 }, () => true)]);
  expect(await isOpen(other)).toBe(true);
});

test('one that is over is gone once another is opened, and a cookie that is none opens nothing', async () => {
  const { id } = await makeKey();
  for (const change of [
    "created_at = now() - interval '12 hours 1 minute'",
    "last_seen_at = now() - interval '31 minutes'",
  ]) {
    const token = await open(id);
    await ground.db.query(`UPDATE store.sessions SET ${change} WHERE key_id = $1`, [id]);
    expect(await isOpen(token)).toBe(false);
    const next = await open(id);
    const { sessions } = await row(
      ground,
      'SELECT count(*)::int AS sessions FROM store.sessions WHERE key_id = $1',
      [id],
    );
    expect(sessions).toBe(1);
    await endSession(ground.db, 1, next);
    expect(await isOpen(next)).toBe(false);
  }
  for (const token of ['', 'x', 'x'.repeat(43)]) expect(await isOpen(token)).toBe(false);
});
