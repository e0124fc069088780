import { makeId } from '@rollcall/domain';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, layGround } from '../testing/ground.ts';
import { claim, readyChunk } from '../testing/walk-chunk.ts';
import { eraseFromRows, stepsThroughRows } from './erase-from-rows.ts';
import type { ErasureClaim } from './erase-number.ts';

let ground: Ground;
beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

const number = 48_602_345_678;

test('bytes of an answer that nobody could read go where they have the number, whatever stands between its digits, and stay where not', async () => {
  const { db } = ground;
  const { attemptId } = await claim(ground, (await readyChunk(ground)).chunkId);
  const gone = [
    '48602345678',
    '+48 602 345 678',
    '48–602–345–678',
    '(48)\u00a0602.345.678',
    '48602345678\0',
  ];
  const kept = ['48602345679', '4860234567', 'task 486 of 2024, 02:34', '48 602 345 678\0', '\0'];
  for (const text of [...gone, ...kept]) {
    await db.query(
      `INSERT INTO store.evidence (attempt_id, tenant_id, operation, verdict, started_at, duration_ms, headers_sent, raw_body)
       VALUES ($1, 1, 'submit', 'unreadable_answer', now(), 1, true, $2)`,
      [attemptId, Buffer.from(text)],
    );
  }
  const erasure = {
    id: makeId('erasure', Date.now(), Buffer.alloc(10)),
    tenantId: 1,
    number,
    secretId: 'test',
    digest: Buffer.alloc(32),
  } as ErasureClaim;
  let removed = 0;
  for (const step of await stepsThroughRows(db, erasure, [])) {
    const counts = await db.transaction('test', (tx) => eraseFromRows(tx, step));
    removed += counts['evidence'] ?? 0;
  }
  expect(removed).toBe(gone.length);
  const { rows } = await db.query<{ raw_body: Buffer }>(
    'SELECT raw_body FROM store.evidence WHERE raw_body IS NOT NULL ORDER BY id',
  );
  expect(rows.map(({ raw_body }) => raw_body.toString())).toEqual(kept);
});
