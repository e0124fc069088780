import { randomBytes } from 'node:crypto';
import {
  addSuppressions,
  askReplay,
  blockChunk,
  type Database,
  resetBreaker,
  resumeAccount,
} from '@rollcall/db';
import { type ChunkId, makeId } from '@rollcall/domain';
import { waitFor } from '@rollcall/testing';
import { expect } from 'vitest';
import { claimUpload } from '../claim-upload.ts';
import { ingestChunk } from '../stages/ingest.ts';
import { planJob } from '../stages/plan.ts';
import { pollAccount } from '../stages/poll.ts';
import { submitChunk } from '../stages/submit.ts';
import { erase } from '../sweeps/erase.ts';
import { expire } from '../sweeps/expire.ts';
import { type Ground, testDigests } from '../test-ground.ts';
import { askToErase, eraseNumber } from './erase-number.ts';
import type { Prepared } from './crashes.ts';

/** Whose jobs these are. */
export const account = 'ekycpro';
const never = new AbortController().signal;

/** The stage that takes up a job so prepared. */
export function stageOf(prepared: Prepared): string {
  const [stage = ''] = prepared.split('_');
  return stage === 'replay' ? 'ingest' : stage;
}

/** Stores a job of so many numbers, which nobody else's are, and brings it there without a queue. */
export async function prepareJob(
  ground: Ground,
  prepared: Prepared,
  count: number,
): Promise<string> {
  const first = 447_930_000_000 + count * 10_000;
  const more = prepared === 'submit_suppressed' ? 1 : 0;
  const jobId = await ground.enqueue(
    'telegram',
    Array.from({ length: count + more }, (_, index) => first + index),
  );
  const stage = stageOf(prepared);
  if (prepared === 'plan_old_month')
    await ground.db.query("SELECT store.ensure_month('2001-02-03')");
  if (prepared === 'plan_old_trail') await ageTrail(ground);
  if (prepared === 'plan_in_doubt') await leaveInDoubt(ground, first);
  const { equipment, db } = ground;
  if (prepared === 'plan_erasing') await askForErasure(ground, first + count);
  if (prepared === 'plan_noted') await noteCleanFile(ground, jobId, first + count);
  if (stage === 'plan') return jobId;
  await planJob(equipment, jobId);
  const chunkId = String((await ground.chunks(jobId))[0]?.['id']) as ChunkId;
  if (prepared === 'submit_without_balance') {
    await db.transaction('test', (tx) =>
      blockChunk(tx, chunkId, 0, 'provider_balance', Date.now() - 1_000),
    );
  }
  if (prepared === 'submit_suppressed') {
    await db.transaction('test', (tx) => addSuppressions(tx, 1, [first], testDigests, 'objection'));
  }
  if (prepared === 'submit_that_fails') await failClaims(db);
  if (stage === 'submit') return jobId;
  expect(await submitChunk(equipment, chunkId, never)).toEqual({ polling: 1 });
  if (prepared === 'poll_refused') await ground.fault(always('status', 401));
  await ground.hurry(jobId);
  if (stage === 'poll') return jobId;
  await pollUntilReady(ground, jobId);
  if (prepared === 'ingest_erased') await eraseNumber(db, equipment, first);
  if (prepared === 'ingest_without_file') await ground.fault(always('file', 500));
  if (!prepared.startsWith('replay')) return jobId;
  await ingestChunk(equipment, chunkId, never);
  const asked = await askReplay(db, {
    id: makeId('replay', Date.now(), randomBytes(10)),
    chunkId,
    apply: false,
    by: { tenantId: 1, decidedBy: 'ana', why: 'a test' },
  });
  expect(asked).toMatchObject({ kind: 'asked' });
  if (prepared === 'replay_suspect') {
    await db.query('UPDATE store.replays SET tries = 9 WHERE chunk_id = $1', [chunkId]);
  }
  return jobId;
}

/** What is in the audit trail so far was written long ago. */
async function ageTrail({ db }: Ground): Promise<void> {
  await db.transaction('test', async (tx) => {
    await tx.query("SELECT store.append_audit(1, 'system', 'job.paused', NULL, NULL, '{}', '{}')");
    await tx.query('SET LOCAL session_replication_role = replica');
    await tx.query(
      `UPDATE store.audit_trail t SET at = t.at - interval '4 years' FROM store.audit_heads h WHERE h.chain = t.chain AND t.number < h.number`,
    );
  });
}

/** Holds an upload whose worker went silent, and lets its account's balance be looked at for it. */
async function leaveInDoubt(ground: Ground, number: number): Promise<void> {
  const { equipment, db } = ground;
  const jobId = await ground.enqueue('coinw', [number]);
  await planJob(equipment, jobId);
  const chunkId = String((await ground.chunks(jobId))[0]?.['id']);
  expect(await claimUpload(equipment, chunkId, never, false)).toMatchObject({ kind: 'claimed' });
  await cleanUp(ground, jobId);
  await db.query('DELETE FROM store.balance_looks');
}

/** Of another job, which is planned and has it in its upload. */
async function askForErasure({ db, enqueue, equipment }: Ground, number: number): Promise<void> {
  await planJob(equipment, await enqueue('coinw', [number], { upload: `+${number}` }));
  await askToErase(db, number);
}

async function noteCleanFile(
  { db, equipment }: Ground,
  jobId: string,
  number: number,
): Promise<void> {
  const erasureId = await eraseNumber(db, equipment, number);
  await db.query(
    `INSERT INTO store.erased_files (tenant_id, blob_id, erasure_id, job_day, kind) SELECT 1, id, $2, job_day, 'upload' FROM store.jobs WHERE id = $1`,
    [jobId, erasureId],
  );
}

async function pollUntilReady(ground: Ground, jobId: string): Promise<void> {
  await waitFor(
    async () => {
      await ground.hurry(jobId);
      await pollAccount(ground.equipment, account, never);
      return (await ground.chunks(jobId))[0]?.['state'] === 'result_ready';
    },
    { describe: `a result for ${jobId}` },
  );
}

const always = (operation: string, status: number) => ({
  match: { account, operation },
  next: 'all',
  action: { kind: 'answer', status },
});

/** Makes the claim's transaction fail, as a broken connection does. */
async function failClaims(db: Database): Promise<void> {
  await db.query(`
    CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no claims today'; END $$;
    CREATE TRIGGER fail BEFORE INSERT ON store.attempts FOR EACH ROW EXECUTE FUNCTION public.fail()`);
}

/** What lasts beyond a death and would change the next one: a fault, a claim, the breaker that it opened. */
export async function cleanUp(ground: Ground, jobId: string): Promise<void> {
  const { db } = ground;
  await db.query('DROP FUNCTION IF EXISTS public.fail CASCADE');
  await ground.simulator.control('DELETE', 'faults');
  await db.query(
    `UPDATE store.chunks c SET due_at = clock_timestamp() FROM store.jobs j
      WHERE j.job_no = c.job_no AND j.id = $1 AND c.state = 'submitting'`,
    [jobId],
  );
  await expire(ground.equipment);
  await resetBreaker(db, account);
  await resumeAccount(db, account);
  await db.query('UPDATE store.erasures SET due_at = clock_timestamp() WHERE due_at IS NOT NULL');
  await erase(ground.equipment);
}
