import { unlink } from 'node:fs/promises';
import { waitFor } from '@rollcall/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planJob } from './stages/plan.ts';
import { submitInTurn } from './submit-in-turn.ts';
import { expire } from './sweeps/expire.ts';
import { type Ground, layGround } from './test-ground.ts';
import { accountsEnvironment, spawnWorker } from './testing/spawn-worker.ts';

/** Slots are counted in Postgres: those of a worker that died are taken until its leases end, and free from then. */
let ground: Ground;
let accounts: Readonly<Record<string, string>>;
const never = new AbortController().signal;
const account = 'ekycpro';
const slots = 2;

beforeAll(async () => {
  ground = await layGround({
    chunkSize: 10,
    change: (each) => ({
      ...each,
      canary: 'off',
      pace: { ...each.pace, uploadsInFlight: slots },
    }),
  });
  accounts = await accountsEnvironment(ground.simulator, {
    chunkSize: 10,
    edit: (text) => text.replaceAll('uploads_in_flight: 4', `uploads_in_flight: ${slots}`),
  });
});
afterAll(async () => {
  await unlink(accounts['ROLLCALL_ACCOUNTS_FILE'] ?? '');
  await ground.close();
});

test('killed with all slots of an account taken, a worker leaves them taken until its leases end, and no longer', async () => {
  await ground.fault({
    match: { account, operation: 'create' },
    next: slots,
    action: { kind: 'never_answer' },
  });
  const jobId = await ground.enqueue('telegram', ground.fresh(60), { account });
  await planJob(ground.equipment, jobId);
  await ground.db.query(
    "UPDATE store.chunks SET state = 'ready', reason = NULL, due_at = now() WHERE state = 'blocked'",
  );
  const inState = async (state: string) =>
    (await ground.chunks(jobId)).filter((chunk) => chunk['state'] === state).length;
  const worker = spawnWorker({ DATABASE_URL: ground.databaseUrl, ...accounts });
  try {
    await worker.up();
    await waitFor(async () => (await ground.requests(account, 'create')) === slots, {
      timeoutMs: 60_000,
      describe: 'all slots to be taken',
    });
  } finally {
    await worker.kill();
  }
  expect(await inState('submitting')).toBe(slots);
  const chunkId = String((await ground.chunks(jobId)).at(-1)?.['id']);
  const answer = () => submitInTurn(ground.equipment, { chunkId, account }, never, 0);
  expect(await answer()).toEqual({ waiting: 1 });

  await ground.db.query(
    "UPDATE store.chunks SET due_at = clock_timestamp() WHERE state = 'submitting'",
  );
  await expire(ground.equipment);
  expect(await inState('held')).toBe(slots);
  expect(await answer()).toEqual({ polling: 1 });
  await ground.nothingPaidTwice();
});
