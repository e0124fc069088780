import { randomBytes } from 'node:crypto';
import {
  adoptTask,
  changeJob,
  type Database,
  giveUp,
  keepPolling,
  payAgain,
  replayArtifact,
  resetBreaker,
  resumeAccount,
  resumeJob,
  serverNow_ms,
  unblockAccount,
} from '@rollcall/db';
import { type HeldReason, type JobId, makeId, parseMoney } from '@rollcall/domain';
import { patient } from './ground/patient.ts';
import { matchCharges } from './check/match-charges.ts';
import type { AttemptFact, Charge, ChunkFact, Facts } from './check/read-facts.ts';

const by = { tenantId: 1, decidedBy: 'the operator of the storm', why: 'storm' };
const deadline_ms = 20_000;
/** A task that fails this often, however it is asked, is given up. */
const triesMax = 3;
/** What was paid for is asked for longer than that. */
const adoptionsMax = 8;
/** Of so many charged uploads one is paid for again and its money written off, where it could have been adopted. */
const writtenOffEvery = 4;

/** So long an account stays stopped before the operator has seen it. */
const seenAfter_s = 3;

/** Lets accounts go on that have been stopped for some seconds: a key that was refused, an upload too dear, a breaker. */
export async function tendAccounts(db: Database): Promise<void> {
  const { rows } = await db.query<{ account: string; paused: boolean; open: boolean }>(
    `SELECT account, COALESCE(paused_at < clock_timestamp() - $1 * interval '1 second', false) AS paused,
            breaker_state = 'open' AND breaker_since < clock_timestamp() - $1 * interval '1 second' AS open
       FROM store.account_states`,
    [seenAfter_s],
  );
  for (const { account, paused, open } of rows) {
    if (paused) await resumeAccount(db, account);
    if (open) await resetBreaker(db, account);
  }
}

/** A worker has an erasure in hand for ten minutes, or until it is dead. */
const erasureLease_s = 600;
const deadAfter_s = 10;

/** After the storm also: jobs may spend what they cost and go on behind a rejected canary, nobody waits two minutes for a balance, nor for what a dead worker was erasing. */
export async function tendAll(db: Database): Promise<void> {
  await tendAccounts(db);
  await db.query(
    `UPDATE store.erasures SET due_at = clock_timestamp() WHERE done_at IS NULL
        AND due_at BETWEEN clock_timestamp() + $1 * interval '1 second' AND clock_timestamp() + $2 * interval '1 second'`,
    [deadAfter_s, erasureLease_s - deadAfter_s],
  );
  const { rows } = await db.query<{ reason: string; job_id: JobId; account: string }>(
    `SELECT DISTINCT c.reason, j.id AS job_id, c.account FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no
      WHERE c.state = 'blocked' AND c.reason IN ('job_ceiling', 'canary_rejected', 'provider_balance')`,
  );
  for (const { reason, job_id, account } of rows) {
    if (reason === 'job_ceiling') await changeJob(db, by.tenantId, job_id, { maxCost: null });
    if (reason === 'canary_rejected') await resumeJob(db, by.tenantId, job_id);
    if (reason === 'provider_balance') {
      await db.transaction('test', (tx) => unblockAccount(tx, account, ['provider_balance']));
    }
  }
}

/**
 * Decides every hold as a person would who has the provider's support on the line: support knows what was charged (the ledger). Returns
 * how many were decided. `tries` counts decisions by chunk, over all rounds.
 */
export async function decideHolds(
  db: Database,
  facts: Facts,
  tries: Map<string, number>,
): Promise<number> {
  const held = facts.chunks.filter(({ state }) => state === 'held');
  for (const chunk of held) {
    const already = tries.get(chunk.id) ?? 0;
    tries.set(chunk.id, already + 1);
    await patient(() => decide(db, facts, chunk, already));
  }
  return held.length;
}

async function decide(
  db: Database,
  facts: Facts,
  chunk: ChunkFact,
  already: number,
): Promise<unknown> {
  const reason = chunk.reason as HeldReason;
  const deadline = (await serverNow_ms(db)) + deadline_ms;
  if (reason === 'unknown') {
    const charge = chargeToAdopt(facts, chunk);
    const paysAnyway = already === 0 && (charge?.seq ?? 1) % writtenOffEvery === 0;
    if (charge !== null && !paysAnyway && already < adoptionsMax) {
      return adoptTask(db, chunk.id, charge.task_id, deadline, by);
    }
    if (already < triesMax) return payAgainAsSupportSays(db, facts, chunk);
  }
  if (already >= triesMax) return giveUp(db, chunk.id, by);
  if (reason === 'upstream_failed' && already > 0) return payAgainAsSupportSays(db, facts, chunk);
  if (reason === 'artifact' && already === 1) return replayArtifact(db, chunk.id, by);
  return keepPolling(db, chunk.id, deadline, by);
}

/** What support says: the task that was charged for the held upload, else one for these numbers that nobody has and nobody wrote off. */
function chargeToAdopt(facts: Facts, chunk: ChunkFact): Charge | null {
  const free = matchCharges(facts, chunk).filter(
    ({ charge, attempt }) =>
      attempt?.outcome !== 'written_off' &&
      !facts.attempts.some(({ task_id }) => task_id === charge.task_id),
  );
  const own = free.find(({ attempt }) => attempt?.id === chunk.attempt_id);
  return (own ?? free[0])?.charge ?? null;
}

/** Not charged is what the provider's ledger has no charge for; else its money is lost. */
async function payAgainAsSupportSays(db: Database, facts: Facts, chunk: ChunkFact) {
  const charged = matchCharges(facts, chunk).some(
    ({ attempt }) => attempt?.id === chunk.attempt_id,
  );
  const liftedTo = charged ? 'written_off' : 'not_charged';
  return payAgain(db, chunk.id, approvalOf(facts.attempts, chunk, liftedTo), by);
}

/** Pays for an upload again whatever the provider's ledger says, as a person does who was told that it was not charged. */
export async function payAgainUnasked(db: Database, facts: Facts, chunkId: string): Promise<void> {
  const chunk = facts.chunks.find(({ id }) => id === chunkId);
  if (chunk === undefined) throw new TypeError(`there is no chunk ${chunkId}`);
  await patient(() => payAgain(db, chunkId, approvalOf(facts.attempts, chunk, 'not_charged'), by));
}

function approvalOf(
  attempts: readonly AttemptFact[],
  chunk: ChunkFact,
  liftedTo: 'not_charged' | 'written_off',
) {
  const amount = parseMoney(attempts.find(({ id }) => id === chunk.attempt_id)?.amount ?? '');
  if (amount === null) throw new TypeError(`the attempt of ${chunk.id} has no amount`);
  const id = makeId('approval', Date.now(), randomBytes(10));
  return { id, costCeiling: amount, liftedTo } as const;
}
