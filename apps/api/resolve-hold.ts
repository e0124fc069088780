import { randomBytes } from 'node:crypto';
import type { ResolveHold } from '@rollcall/contract';
import {
  adoptTask,
  type ApiKey,
  type ChunkRow,
  type Database,
  type Decided,
  type DecisionRow,
  giveUp,
  type HoldRow,
  keepPolling,
  payAgain,
  readChunk,
  readDecisions,
  readHold,
  replayArtifact,
  serverNow_ms,
  takeRing,
} from '@rollcall/db';
import {
  type ChunkId,
  formatMoney,
  makeId,
  type Money,
  parseMoney,
  priceOf,
} from '@rollcall/domain';
import type { Queues } from '@rollcall/queue';
import type { Logger } from '@rollcall/telemetry';
import { ceilingOf, misfitOf, missingScope } from './asked-decision.ts';
import { allowedOn } from './hold-view.ts';
import type { AccountBook } from './intake/choose-account.ts';
import { shortAmount } from './job-view.ts';
import { namedKey } from './named-key.ts';
import { type Refusal, refuse } from './refusal.ts';
import { withdrawnAccounts } from './withdrawn-accounts.ts';

/** A task gets so long where the accounts file no longer names its account; it can be polled on again. */
const deadlineOfStrangers_ms = 3_600_000;

/** What a decision is made with. */
export interface Desk {
  readonly database: Database;
  readonly queues: Queues;
  readonly accounts: AccountBook;
  readonly log: Logger;
}

interface Asked {
  readonly key: ApiKey;
  readonly chunkId: ChunkId;
  readonly body: ResolveHold;
  /** The Idempotency-Key of a decision on many holds. */
  readonly batchKey?: string;
}

export type Resolved =
  | {
      readonly kind: 'resolved';
      readonly chunk: ChunkRow;
      readonly decision: DecisionRow;
      /** The decision was made before: this request changed nothing. */
      readonly repeated: boolean;
    }
  | Refusal;

/** Decides on a held chunk: checks what the decision needs, makes it, and rings for whoever moves the chunk next. */
export async function resolveHold(desk: Desk, asked: Asked): Promise<Resolved> {
  const { database, log } = desk;
  const { key, chunkId, body } = asked;
  const misfit = misfitOf(body) ?? missingScope(key, body);
  if (misfit) return misfit;
  const hold = await readHold(database, key.tenantId, chunkId);
  if (!hold || isAnother(body, hold.attempt_id)) return repeated(desk, asked);
  const refusal =
    notAllowed(hold, body) ??
    (await withdrawn(desk, asked, hold)) ??
    tooLow(desk, hold, body) ??
    (await unnamedAgain(desk, asked));
  if (refusal) return refusal;

  const decided = await decide(desk, asked, hold);
  switch (decided.kind) {
    case 'not_held':
      // Somebody else was quicker, perhaps with the same decision.
      return repeated(desk, asked);
    case 'task_in_use':
      return taskInUse(hold, body);
    case 'ceiling_too_low':
      return ceilingTooLow(hold, body, parseMoney(hold.money_at_risk));
    case 'no_artifact':
    case 'job_cancelled':
      return refuse('decision_not_allowed', {
        detail: 'The job was cancelled, or its file is gone.',
      });
    case 'decided':
      break;
  }
  log.warn('hold.resolved', {
    job: hold.job_id,
    chunk: chunkId,
    attempt: hold.attempt_id,
    account: hold.account,
    api_key: key.id,
    decision: body.decision,
    reason: hold.reason,
    state_to: decided.state,
  });
  if (decided.closing?.kind === 'closed') {
    log.info('job.closed', { job: hold.job_id, state_to: decided.closing.state });
  } else if (decided.closing?.kind === 'audit_failed') {
    log.error('job.audit_failed', { job: hold.job_id });
  }
  const doorbell = await takeRing(database, chunkId);
  if (doorbell) await desk.queues.ring([doorbell]);
  return latest(desk, asked);
}

function notAllowed(hold: HoldRow, { decision }: ResolveHold): Refusal | null {
  const allowed = allowedOn(hold);
  if (allowed.includes(decision)) return null;
  const detail = `It is held for ${hold.reason}; decide one of: ${allowed.join(', ')}.`;
  return refuse('decision_not_allowed', { detail });
}

/** The id of an upload's own task is no secret to whoever may decide on it: the hold shows it too. */
function taskInUse({ attempt_outcome, task_id }: HoldRow, body: ResolveHold): Refusal {
  if (attempt_outcome !== 'accepted' || task_id === null || task_id === body.task_id) {
    return refuse('task_in_use');
  }
  const detail = `This upload already has the task ${task_id}; only that one can be adopted.`;
  return refuse('task_in_use', { detail });
}

async function withdrawn(
  { database, accounts }: Desk,
  { key, body }: Asked,
  { account }: HoldRow,
): Promise<Refusal | null> {
  if (body.decision !== 'pay_again') return null;
  const taken = await withdrawnAccounts(database, accounts, key.tenantId);
  return taken.has(account) ? refuse('account_withdrawn') : null;
}

/**
 * Where the chunk was paid for again before, a body that names no upload may be that decision, sent twice since its answer was lost: it must
 * not pay a third time.
 */
async function unnamedAgain(
  { database }: Desk,
  { key, chunkId, body }: Asked,
): Promise<Refusal | null> {
  if (body.decision !== 'pay_again' || body.attempt_id !== undefined) return null;
  const decisions = await readDecisions(database, key.tenantId, chunkId);
  if (decisions.every(({ decision }) => decision !== 'pay_again')) return null;
  const message = 'is required where it was paid again before: the upload that is held now';
  return refuse('invalid_request', { errors: [{ in: 'body', pointer: '/attempt_id', message }] });
}

/** An approval below the price of today would let nothing through: the chunk would only be blocked. */
function tooLow(desk: Desk, hold: HoldRow, body: ResolveHold): Refusal | null {
  if (body.decision !== 'pay_again') return null;
  const cost = costAgain(desk, hold);
  return ceilingOf(body) < cost ? ceilingTooLow(hold, body, cost) : null;
}

/** The least that an approval must allow: the price of today, and no less than what the upload cost before. */
export function costAgain(
  { accounts }: Desk,
  hold: Pick<HoldRow, 'money_at_risk' | 'account' | 'check_name' | 'numbers'>,
): Money {
  const before = parseMoney(hold.money_at_risk);
  if (before === null) throw new Error('Postgres gave an amount that is not one');
  const offer = accounts.accounts.get(hold.account)?.checks[hold.check_name];
  const today = offer ? priceOf(offer.pricePerNumber, hold.numbers) : before;
  return today > before ? today : before;
}

function ceilingTooLow(hold: HoldRow, body: ResolveHold, cost: Money | null): Refusal {
  const money = {
    currency: hold.currency,
    cost: cost === null ? shortAmount(hold.money_at_risk) : formatMoney(cost),
    max_cost: formatMoney(ceilingOf(body)),
  };
  return refuse('cost_ceiling_too_low', { money });
}

async function decide(
  { database, accounts }: Desk,
  { key, chunkId, body, batchKey }: Asked,
  hold: HoldRow,
): Promise<Decided> {
  const by = {
    tenantId: key.tenantId,
    attemptId: hold.attempt_id,
    decidedBy: namedKey(key),
    why: body.reason,
    ...(batchKey !== undefined && { batchKey }),
  };
  const deadline_ms = async () =>
    (await serverNow_ms(database)) +
    (accounts.accounts.get(hold.account)?.poll.deadline_ms ?? deadlineOfStrangers_ms);
  switch (body.decision) {
    case 'adopt':
      return adoptTask(database, chunkId, body.task_id ?? '', await deadline_ms(), by);
    case 'pay_again':
      return payAgain(
        database,
        chunkId,
        {
          id: makeId('approval', Date.now(), randomBytes(10)),
          costCeiling: ceilingOf(body),
          liftedTo: body.not_charged ? 'not_charged' : 'written_off',
        },
        by,
      );
    case 'keep_polling':
      return keepPolling(database, chunkId, await deadline_ms(), by);
    case 'replay':
      return replayArtifact(database, chunkId, by);
    case 'give_up':
      return giveUp(database, chunkId, by);
  }
}

/** The body was written for an upload of the chunk before the one that is held now. */
function isAnother(body: ResolveHold, attemptId: string): boolean {
  return body.attempt_id !== undefined && body.attempt_id !== attemptId;
}

/** The same decision again, perhaps because its answer was lost: nothing is changed, and the first answer stands. */
async function repeated(desk: Desk, asked: Asked): Promise<Resolved> {
  const found = await latest(desk, asked);
  if (found.kind === 'refused') return found;
  const { chunk, decision } = found;
  const { body } = asked;
  const same =
    decision.decision === body.decision &&
    decision.task_id === (body.task_id ?? null) &&
    (decision.cost_ceiling === null) === (body.cost_ceiling === undefined) &&
    (body.cost_ceiling === undefined ||
      parseMoney(decision.cost_ceiling ?? '') === ceilingOf(body)) &&
    (body.decision !== 'pay_again' ||
      (decision.lifted_to === 'not_charged') === (body.not_charged ?? false));
  // Held again it waits for a new decision, save where the body says that it is about the upload before.
  const stands = chunk.state !== 'held' || body.attempt_id !== undefined;
  return same && stands
    ? { ...found, repeated: true }
    : refuse('not_held', { detail: standingDecision(found) });
}

/** What was decided instead: whoever sent another decision, or the same with other words for the money, reads which one stands. */
function standingDecision({ chunk, decision }: Extract<Resolved, { kind: 'resolved' }>): string {
  const paid =
    decision.decision === 'pay_again'
      ? ` with cost_ceiling ${shortAmount(decision.cost_ceiling ?? '0')} and not_charged ${decision.lifted_to === 'not_charged'}`
      : '';
  return `It was decided on ${decision.at.toISOString()}: ${decision.decision}${paid}, for attempt ${decision.attempt_id}. That stands; the chunk is ${chunk.state} now, and nothing was changed.`;
}

async function latest({ database }: Desk, { key, chunkId, body }: Asked): Promise<Resolved> {
  const [chunk, decisions] = await Promise.all([
    readChunk(database, key.tenantId, chunkId, null),
    readDecisions(database, key.tenantId, chunkId),
  ]);
  if (!chunk) return refuse('not_found');
  const decision = decisions.findLast(({ attempt_id: id }) => !isAnother(body, id));
  return decision ? { kind: 'resolved', chunk, decision, repeated: false } : refuse('not_held');
}
