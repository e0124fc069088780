import { afterAll, beforeAll, expect, test } from 'vitest';
import { claimUpload } from './claim-upload.ts';
import { planJob } from './stages/plan.ts';
import { type Ground, layGround } from './test-ground.ts';
import { expirePatiently } from './expire-patiently.ts';

/** Whose claims end when Postgres was away: by a clock of the test's own, with a lease of 30 s, a quarter of which is spared. */
let ground: Ground;

beforeAll(async () => {
  ground = await layGround();
});
afterAll(() => ground.close());

/** A chunk whose worker took it for an upload and was not heard of since. */
async function silent(): Promise<void> {
  const jobId = await ground.enqueue('telegram', ground.fresh(20));
  await planJob(ground.equipment, jobId);
  const chunkId = String((await ground.chunks(jobId))[0]?.['id']);
  const never = new AbortController().signal;
  const claimed = await claimUpload(ground.equipment, chunkId, never, false);
  expect(claimed.kind).toBe('claimed');
  await ground.db.query(
    "UPDATE store.chunks SET due_at = clock_timestamp() - interval '1 second' WHERE id = $1",
    [chunkId],
  );
}

test('claims that nobody could extend while Postgres was away are spared for a quarter of a lease, and end then', async () => {
  let now_ms = 0;
  const sweep = expirePatiently(() => now_ms);
  const after = (passed_ms: number) => {
    now_ms += passed_ms;
    return sweep(ground.equipment);
  };
  const none = { held: 0, ingests: 0 };
  expect(await after(0)).toEqual(none);
  await silent();
  expect(await after(7_500), 'the first answer after the outage').toEqual(none);
  expect(await after(500)).toEqual(none);
  expect(await after(6_999)).toEqual(none);
  expect(await after(1)).toEqual({ held: 1, ingests: 0 });
});

test('a pause that is shorter than that spares nobody, nor does a start', async () => {
  let now_ms = 0;
  const sweep = expirePatiently(() => now_ms);
  await silent();
  expect(await sweep(ground.equipment)).toEqual({ held: 1, ingests: 0 });
  await silent();
  now_ms = 7_499;
  expect(await sweep(ground.equipment)).toEqual({ held: 1, ingests: 0 });
});
