import { adoptTask, keepPolling, readHeldUpload } from '@rollcall/db';
import { testBackends, waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Ground, layGround } from './test-ground.ts';

/** What a person who decides on a hold is shown, of real uploads; and what a decision can win back for free. */
let ground: Ground;
const by = { tenantId: 1, decidedBy: 'operator@example', why: 'test' };
const create = { account: 'ekycpro', operation: 'create' };
const deadline_ms = () => Date.now() + 600_000;

beforeAll(async () => {
  ground = await layGround({ chunkSize: 1_000 });
  await ground.start(testBackends.at(-1) ?? 'postgres');
});
afterAll(() => ground.close());
afterEach(async () => {
  await ground.simulator.control('DELETE', 'faults');
  await ground.nothingPaidTwice();
});

test('a lost upload shows its times, what left of it, and the balance before and after', async () => {
  await ground.db.query(
    `UPDATE store.account_states SET balance = 1000000, balance_at = now() - interval '1 minute' WHERE account = 'ekycpro'`,
  );
  await ground.fault({ match: create, action: { kind: 'reset' } });
  const jobId = await ground.enqueue('telegram', ground.fresh(100));
  const chunk = await ground.untilChunk(jobId, ['held']);
  const chunkId = String(chunk['id']);
  const upload = await waitFor(
    async () => {
      const row = await readHeldUpload(ground.db, 1, chunkId);
      return row?.balance_after === null ? null : row;
    },
    { timeoutMs: 60_000, describe: 'the balance after the lost upload' },
  );
  expect(upload).toMatchObject({
    headers_sent: true,
    http_status: null,
    transport_error: expect.stringMatching(/ECONNRESET|UND_ERR_SOCKET/),
    balance_before: '1000000.000000000',
    // The simulator charged it: 100 numbers at 0.0005.
    balance_after: '999999.950000000',
  });
  expect(upload?.body_bytes).toBeGreaterThan(100 * 13);
  expect(upload?.body_bytes_sent).toBe(upload?.body_bytes);
  const times = [upload?.intended_at, upload?.upload_started_at, upload?.settled_at];
  expect(times.every((time) => time instanceof Date)).toBe(true);
  expect(upload?.balance_after_at?.getTime()).toBeGreaterThan(upload?.settled_at?.getTime() ?? 0);
  // Nothing was decided by it.
  expect(await ground.untilChunk(jobId, ['held'])).toMatchObject({ attempt_outcome: 'unknown' });
  expect(await ground.requests('ekycpro', 'balance')).toBe(1);
  const { tasks } = (await ground.simulator.control('GET', 'tasks')) as {
    tasks: { task_id: string }[];
  };
  const taskId = tasks.at(-1)?.task_id ?? '';
  expect(await adoptTask(ground.db, chunkId, taskId, deadline_ms(), by)).toMatchObject({
    kind: 'decided',
  });
  expect(await ground.hurryUntil(jobId, ['done'])).toMatchObject({ attempt_outcome: 'accepted' });
});

test('an answer that holds numbers is shown without them', async () => {
  const canary = '447913999123';
  await ground.fault({
    match: create,
    action: {
      kind: 'answer',
      status: 502,
      text: `bad gateway for +${canary}, ${canary.slice(0, 2)} ${canary.slice(2, 6)} ${canary.slice(6)} and [${canary}]`,
      content_type: 'text/plain',
      charge: false,
    },
  });
  const jobId = await ground.enqueue('telegram', ground.fresh(10));
  const chunk = await ground.untilChunk(jobId, ['held']);
  const upload = await readHeldUpload(ground.db, 1, String(chunk['id']));
  expect(upload).toMatchObject({ http_status: 502, headers_sent: true });
  expect(upload?.body_excerpt).toContain('bad gateway');
  expect(upload?.body_excerpt).not.toMatch(/7913|999123/);
  const whole = await ground.db.query(
    `SELECT v::text AS text FROM rollcall.held_chunks v WHERE chunk_id = $1`,
    [chunk['id']],
  );
  expect(whole.rows[0]?.text).not.toMatch(/7913|999123/);
});

test('a wrong file first and the right one later cost nothing more: keep_polling fetches it anew, and the wrong one stays', async () => {
  await ground.db.query('UPDATE store.account_states SET breaker_reset_at = clock_timestamp()');
  await ground.fault({
    match: create,
    action: { kind: 'file', edits: { instead: 'html' }, downloads: 1 },
  });
  const jobId = await ground.enqueue('telegram', ground.fresh(100));
  const chunk = await ground.hurryUntil(jobId, ['held']);
  expect(chunk).toMatchObject({ reason: 'artifact', held_detail: 'html' });
  const charged = await ground.charges('ekycpro');
  expect(await keepPolling(ground.db, String(chunk['id']), deadline_ms(), by)).toMatchObject({
    kind: 'decided',
    state: 'polling',
  });
  await ground.hurryUntil(jobId, ['done']);
  await ground.untilState(jobId, ['completed']);
  expect(await ground.charges('ekycpro')).toBe(charged);
  const { rows } = await ground.db.query(
    'SELECT verdict_code FROM store.artifacts WHERE chunk_id = $1 ORDER BY id',
    [chunk['id']],
  );
  expect(rows).toHaveLength(2);
  expect(rows[0]).toEqual({ verdict_code: 'html' });
  // Two uploads of the account were lost in this minute, and its balance was asked for once.
  expect(await ground.requests('ekycpro', 'balance')).toBe(1);
});
