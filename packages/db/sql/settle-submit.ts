import { crashPoint } from '@rollcall/crash-points';
import { entryOf, type SubmitAnswer, type SubmitResult } from '@rollcall/domain';
import { constraintOf, type Queryable, sqlStateOf, type Transaction } from '../database.ts';
import { together } from '../together.ts';
import { blockReady, pauseAccount, unblockAccount } from './accounts.ts';
import { advanceBreaker } from './breaker.ts';
import { stopBehindCanary } from './canary.ts';
import { type Closing, closeChunks, writeSameOutcome } from './close-job.ts';
import { appendEvidence } from './evidence.ts';
import { bookLateAcceptance, type LateAcceptance } from './late-acceptance.ts';
import { keepLearned } from './learned-limits.ts';
import { book, bookProviderAmount } from './ledger.ts';
import { lockJobRow } from './lock-job.ts';
import { storableText } from './storable.ts';
import type { SubmittedChunk } from './submitted-chunk.ts';

export type Settled =
  | {
      readonly kind: 'applied';
      readonly state: string;
      readonly closing?: Closing;
      readonly released?: number;
    }
  /**
   * The chunk had moved on: the answer is kept as evidence, and changed no state. `late`: it is an acceptance that a person who decided
   * of the upload did not know of.
   */
  | { readonly kind: 'stale'; readonly late?: LateAcceptance }
  /** Accepted, with a task id that another attempt already has: nobody can tell which upload it is. */
  | { readonly kind: 'duplicate_task_id' };

/**
 * Stores what the provider answered to an upload and what follows from it, in one transaction: evidence, the attempt's
 * outcome, its money, the chunk's state. The evidence is keyed by the attempt and is never lost; the state changes only
 * where the claim still stands, save that an acceptance also moves `unknown` and `held`: a paid task is never thrown away. It also
 * ends an adoption that is being asked about, whose refusal would hold a chunk whose task is known.
 */
export async function settleSubmit(
  tx: Transaction,
  chunk: SubmittedChunk,
  answer: SubmitAnswer,
  result: SubmitResult,
): Promise<Settled> {
  // Before the chunk's lock, in the order in which claims take them.
  const locked = tx.query('SELECT FROM store.account_states WHERE account = $1 FOR NO KEY UPDATE', [
    chunk.account,
  ]);
  const [, , settled] = await together(
    locked,
    keepExchange(tx, chunk, answer),
    settleAnswer(tx, chunk, answer, result),
  );
  crashPoint('submit:in_store');
  // The provider takes our money again: whatever waited for that on this account may go on.
  const takesMoney =
    settled.kind === 'applied'
      ? settled.state === 'polling'
      : settled.kind === 'stale' && settled.late === 'given_up';
  const [released] = await together(
    takesMoney ? unblockAccount(tx, chunk.account, ['provider_balance']) : Promise.resolve(0),
    // What became of it may open the account's breaker or close it.
    advanceBreaker(tx, chunk.account),
  );
  return settled.kind === 'applied' && takesMoney ? { ...settled, released } : settled;
}

async function keepExchange(
  tx: Transaction,
  chunk: SubmittedChunk,
  answer: SubmitAnswer,
): Promise<void> {
  const taskId = answer.kind === 'accepted' ? answer.taskId : null;
  const verdict = answer.kind === 'unknown' ? answer.reason : answer.kind;
  await appendEvidence(tx, chunk, verdict, answer.evidence, taskId);
}

async function settleAnswer(
  tx: Transaction,
  chunk: SubmittedChunk,
  answer: SubmitAnswer,
  result: SubmitResult,
): Promise<Settled> {
  if (answer.kind === 'accepted' && result.kind === 'accepted') {
    return settleAccepted(tx, chunk, answer, result);
  }
  const outcome = answer.kind === 'accepted' ? 'unknown' : answer.kind;
  const attempt = await tx.query(
    `UPDATE store.attempts SET outcome = $2, outcome_reason = $3, settled_at = clock_timestamp(),
            sent_sha256 = CASE $2 WHEN 'not_sent' THEN NULL ELSE sent_sha256 END
      WHERE id = $1 AND outcome = 'intent'`,
    [chunk.attemptId, outcome, reasonOf(answer)],
  );
  if (attempt.rowCount !== 1) return { kind: 'stale' };
  // In the order of locks, before its job and before what waits for money or for the account.
  await tx.query('SELECT FROM store.chunks WHERE id = $1 FOR NO KEY UPDATE', [chunk.chunkId]);
  const entry = entryOf(outcome);
  const open = result.kind === 'retry' || result.kind === 'blocked' || result.kind === 'replan';
  // Before the release, which touches other chunks of the job: cancelling locks the job, then those.
  const isCancelledNow = (entry === 'release' || open) && (await isCancelled(tx, chunk.jobNo));
  const cancelled = open && isCancelledNow;
  if (entry) await book(tx, chunk.attemptId, entry as 'release');
  return moveChunk(tx, chunk, cancelled ? { kind: 'cancelled' } : result);
}

/**
 * Whether the job was cancelled since the facts were read. Asked under the job's lock, which cancelling takes first: either it finds
 * this chunk ready or blocked and cancels it, or we see that it was there. A chunk in between would wait for ever.
 */
async function isCancelled(tx: Transaction, jobNo: number): Promise<boolean> {
  const { rows } = await tx.query<{ cancelled: boolean }>(
    `SELECT state = 'cancelling' AS cancelled FROM store.jobs WHERE job_no = $1 FOR NO KEY UPDATE`,
    [jobNo],
  );
  return rows[0]?.cancelled ?? false;
}

function reasonOf(answer: SubmitAnswer): string | null {
  switch (answer.kind) {
    case 'accepted':
      return null;
    case 'unknown':
    case 'not_sent':
      return answer.reason;
    case 'refused_free':
      return storableText(answer.message ?? answer.refusal);
  }
}

async function settleAccepted(
  tx: Transaction,
  chunk: SubmittedChunk,
  answer: Extract<SubmitAnswer, { kind: 'accepted' }>,
  result: Extract<SubmitResult, { kind: 'accepted' }>,
): Promise<Settled> {
  let accepted: number | null;
  try {
    // It ends with the transaction.
    const [, attempt] = await together(
      tx.query('SAVEPOINT task'),
      tx.query(
        `UPDATE store.attempts SET outcome = 'accepted', outcome_reason = NULL, task_id = $2, settled_at = COALESCE(settled_at, clock_timestamp())
          WHERE id = $1 AND outcome IN ('intent', 'unknown')`,
        [chunk.attemptId, answer.taskId],
      ),
    );
    accepted = attempt.rowCount;
  } catch (error) {
    if (sqlStateOf(error) !== '23505' || constraintOf(error) !== 'one_attempt_per_task')
      throw error;
    await tx.query('ROLLBACK TO SAVEPOINT task');
    await holdUnknown(tx, chunk, 'duplicate_task_id');
    return { kind: 'duplicate_task_id' };
  }
  if (accepted !== 1) {
    const late = await bookLateAcceptance(tx, chunk.attemptId, answer.taskId);
    return late === null ? { kind: 'stale' } : { kind: 'stale', late };
  }
  const booked = book(tx, chunk.attemptId, 'commit');
  const estimated = bookProviderAmount(tx, chunk.attemptId, 'provider_estimated', answer.estimated);
  const moving = tx.query<{ is_canary: boolean }>(
    `UPDATE store.chunks SET state = 'polling', reason = NULL, held_detail = NULL, accepted_at = clock_timestamp(), due_at = to_timestamp($4::float8 / 1000),
            poll_deadline_at = to_timestamp($5::float8 / 1000), polls = 0, missing_polls = 0, upstream_failures = 0, fence = fence + 1, rung_at = NULL,
            adopting_task_id = NULL
      WHERE id = $1 AND attempt_id = $2
        AND ((state = 'submitting' AND fence = $3) OR (state = 'held' AND reason = 'unknown') OR adopting_task_id IS NOT NULL)
  RETURNING is_canary`,
    [chunk.chunkId, chunk.attemptId, chunk.fence, result.due_ms, result.deadline_ms],
  );
  const [, , moved] = await together(booked, estimated, moving);
  // Before other chunks: the caller may let go what waits behind a canary.
  if (moved.rows[0]?.is_canary) await lockJobRow(tx, chunk.jobNo);
  // Of an upload in doubt only giving up leaves nothing to move: every other decision ends the doubt.
  if (moved.rowCount !== 1) return { kind: 'stale', late: 'given_up' };
  return { kind: 'applied', state: 'polling' };
}

async function moveChunk(
  tx: Transaction,
  chunk: SubmittedChunk,
  result: SubmitResult,
): Promise<Settled> {
  const claim = [chunk.chunkId, chunk.fence];
  const where = "WHERE id = $1 AND fence = $2 AND state = 'submitting'";
  let moved: number | null;
  switch (result.kind) {
    case 'accepted':
      throw new Error('an acceptance is settled by settleAccepted');
    case 'retry':
      moved = (
        await tx.query(
          `UPDATE store.chunks SET state = 'ready', free_tries = free_tries + $4, due_at = to_timestamp($3::float8 / 1000), rung_at = NULL ${where}`,
          [...claim, result.due_ms, result.isOurs ? 0 : 1],
        )
      ).rowCount;
      return moved === 1 ? { kind: 'applied', state: 'ready' } : { kind: 'stale' };
    case 'blocked':
      moved = (
        await tx.query(
          `UPDATE store.chunks SET state = 'blocked', reason = $3, due_at = to_timestamp($4::float8 / 1000), rung_at = NULL ${where}`,
          [...claim, result.reason, result.due_ms],
        )
      ).rowCount;
      if (result.reason === 'auth') await pauseAccount(tx, chunk.account, 'auth');
      await blockReady(tx, chunk.account, result.reason, result.due_ms);
      return moved === 1 ? { kind: 'applied', state: 'blocked' } : { kind: 'stale' };
    case 'replan':
      await keepLearned(tx, chunk, result.learned);
      // A chunk that may have been paid for before is not cut anew: the approval was for these numbers in one upload.
      if (await isPaidAgain(tx, chunk)) {
        return moveChunk(tx, chunk, { kind: 'rejected', reason: 'batch_size_refused' });
      }
      moved = (
        await tx.query(
          `UPDATE store.chunks SET state = 'blocked', reason = 'replan', due_at = NULL ${where}`,
          claim,
        )
      ).rowCount;
      // Of several refusals before it is cut anew one counts. What the suppression list makes too small is no refusal.
      await tx.query(
        `UPDATE store.jobs SET due_at = clock_timestamp(), rung_at = NULL, replans = replans + CASE WHEN EXISTS (
            SELECT FROM store.chunks WHERE job_no = $1 AND id <> $2 AND state = 'blocked' AND reason = 'replan') THEN 0 ELSE $3 END
          WHERE job_no = $1`,
        [chunk.jobNo, chunk.chunkId, moved === 1 ? 1 : 0],
      );
      return moved === 1 ? { kind: 'applied', state: 'blocked' } : { kind: 'stale' };
    case 'held':
      if (result.keyRefused && (await pauseAccount(tx, chunk.account, 'auth'))) {
        await blockReady(tx, chunk.account, 'auth', null);
      }
      return (await holdChunk(tx, chunk, result.reason))
        ? { kind: 'applied', state: 'held' }
        : { kind: 'stale' };
    case 'rejected':
    case 'cancelled': {
      const state = result.kind;
      moved = (
        await tx.query(
          `UPDATE store.chunks SET state = $3, reason = $4, due_at = NULL, closed_at = clock_timestamp() ${where}`,
          [...claim, state, result.kind === 'rejected' ? storableText(result.reason) : null],
        )
      ).rowCount;
      if (moved !== 1) return { kind: 'stale' };
      await writeSameOutcome(
        tx,
        chunk.jobNo,
        [chunk.chunkId],
        state === 'rejected' ? 'failed' : 'cancelled',
      );
      if (state === 'rejected') await stopBehindCanary(tx, chunk.chunkId, chunk.jobNo);
      return { kind: 'applied', state, closing: await closeChunks(tx, chunk.jobNo, 1) };
    }
  }
}

async function holdUnknown(tx: Transaction, chunk: SubmittedChunk, reason: string): Promise<void> {
  await tx.query(
    `UPDATE store.attempts SET outcome = 'unknown', outcome_reason = $2, settled_at = clock_timestamp() WHERE id = $1 AND outcome = 'intent'`,
    [chunk.attemptId, reason],
  );
  await holdChunk(tx, chunk, reason);
}

async function isPaidAgain(tx: Queryable, chunk: SubmittedChunk): Promise<boolean> {
  const { rowCount } = await tx.query(
    'SELECT FROM store.attempts WHERE id = $1 AND approval_id IS NOT NULL',
    [chunk.attemptId],
  );
  return rowCount === 1;
}

async function holdChunk(tx: Transaction, chunk: SubmittedChunk, detail: string): Promise<boolean> {
  const held = await tx.query(
    `UPDATE store.chunks SET state = 'held', reason = 'unknown', held_detail = $3, due_at = NULL, fence = fence + 1
      WHERE id = $1 AND fence = $2 AND state = 'submitting'`,
    [chunk.chunkId, chunk.fence, detail],
  );
  return held.rowCount === 1;
}
