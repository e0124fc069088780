import { openDatabase } from '@rollcall/db';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { claimUpload } from './claim-upload.ts';
import type { Equipment } from './equipment.ts';
import { expirePatiently } from './expire-patiently.ts';
import { planJob } from './stages/plan.ts';
import { type Ground, layGround } from './test-ground.ts';

/** Whose claims end when Postgres was away: by a clock of the test's own, with a lease of 30 s, a quarter of which is spared. */
let ground: Ground;
let withoutPostgres: Equipment;

beforeAll(async () => {
  ground = await layGround();
  const db = openDatabase({
    url: 'postgres://nobody@127.0.0.1:1/nowhere',
    maxConnections: 1,
    applicationName: 'rollcall expire test',
    onIdleError: () => undefined,
  });
  withoutPostgres = { ...ground.equipment, db };
});
afterAll(async () => {
  await withoutPostgres.db.close();
  await ground.close();
});

/** A chunk whose worker took it for an upload and was not heard of since; of an account whose breaker has not seen one. */
async function silent(check: string): Promise<void> {
  const jobId = await ground.enqueue(check, ground.fresh(200));
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

const none = { held: 0, ingests: 0 };
const one = { held: 1, ingests: 0 };

/** The sweep, and a clock that goes on by so much before each. */
function sweepAt() {
  let now_ms = 0;
  const sweep = expirePatiently(() => now_ms);
  return (passed_ms: number, equipment: Equipment = ground.equipment) => {
    now_ms += passed_ms;
    return sweep(equipment);
  };
}

test('claims that nobody could extend while Postgres was away are spared for a quarter of a lease, and end then', async () => {
  const after = sweepAt();
  await silent('telegram');
  await expect(after(0, withoutPostgres)).rejects.toThrow('ECONNREFUSED');
  await expect(after(7_000, withoutPostgres)).rejects.toThrow('ECONNREFUSED');
  expect(await after(500), 'the first answer after the outage').toEqual(none);
  expect(await after(7_499)).toEqual(none);
  expect(await after(1)).toEqual(one);
});

test('an outage while they are spared spares them anew', async () => {
  const after = sweepAt();
  await silent('whatsapp');
  await expect(after(0, withoutPostgres)).rejects.toThrow('ECONNREFUSED');
  expect(await after(7_500)).toEqual(none);
  await expect(after(500, withoutPostgres)).rejects.toThrow('ECONNREFUSED');
  expect(await after(8_000)).toEqual(none);
  expect(await after(7_500)).toEqual(one);
});

test('a shorter outage spares nobody, nor do sweeps that lie far apart', async () => {
  const after = sweepAt();
  await silent('facebook');
  await expect(after(0, withoutPostgres)).rejects.toThrow('ECONNREFUSED');
  expect(await after(7_499)).toEqual(one);
  await silent('twitter');
  expect(await after(600_000)).toEqual(one);
});
