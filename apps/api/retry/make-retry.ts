import { createHash, randomBytes } from 'node:crypto';
import type { RetryJob } from '@rollcall/contract';
import {
  type ApiKey,
  appendAudit,
  claimIdempotencyKey,
  countAskedAgain,
  countUsage,
  type Database,
  insertRetry,
  keepIdempotencyKey,
  lockRetryTree,
  type MadeBefore,
  readLearnedLimits,
  type RetryTree,
  type Transaction,
  unlessRefused,
} from '@rollcall/db';
import {
  decideRetry,
  effectiveLimits,
  type JobId,
  makeId,
  type Money,
  parseMoney,
} from '@rollcall/domain';
import { type AccountBook, type ChosenAccount, chooseAccount } from '../intake/choose-account.ts';
import { refuseUsage } from '../intake/refuse-usage.ts';
import { allows } from '../key-rights.ts';
import { namedKey } from '../named-key.ts';
import { type Refusal, refuse } from '../refusal.ts';
import { type Asked, refusalOf } from './refuse-retry.ts';

export interface RetryRequest {
  readonly jobId: string;
  readonly apiKey: ApiKey;
  readonly body: RetryJob;
  readonly idempotencyKey: string | undefined;
  readonly traceparent: string | null;
}

export type MadeRetry =
  | {
      readonly kind: 'created';
      readonly jobId: JobId;
      readonly account: string;
      readonly ring: number;
      readonly numbers: number;
      readonly mayBePaid: number;
      readonly approvalId: string | null;
    }
  | MadeBefore
  | Refusal;

/** Makes a retry, or says why not, in one transaction: nobody makes another of the same numbers meanwhile. */
export async function makeRetry(
  database: Database,
  accounts: AccountBook,
  retry: RetryRequest,
): Promise<MadeRetry> {
  const { tenantId } = retry.apiKey;
  const key =
    retry.idempotencyKey === undefined
      ? null
      : { key: retry.idempotencyKey, fingerprint: fingerprintOf(retry) };
  const making = database.transaction('job.retry', async (tx): Promise<MadeRetry> => {
    // First of all, since a retry that was made under this key is open now, and its parent has nothing left to ask.
    const before = key && (await claimIdempotencyKey(tx, tenantId, key));
    if (before) return before;
    const locked = await lockRetryTree(tx, tenantId, retry.jobId);
    switch (locked.kind) {
      case 'not_found':
        return refuse('not_found');
      case 'not_closed':
        return refuse('job_not_closed');
      case 'rows_dropped':
        return refuse('rows_dropped');
      case 'retry_running':
        return refuse('retry_running', {
          detail:
            locked.jobId === null
              ? 'Another request is making a retry of these numbers right now.'
              : `${locked.jobId} is open. Wait until it is closed: what it answers needs no other retry.`,
        });
      case 'locked': {
        const made = await makeInTree(tx, accounts, retry, locked.tree);
        if (key && made.kind === 'created') {
          await keepIdempotencyKey(tx, tenantId, key, made.jobId);
        }
        if (made.kind === 'created') await auditRetry(tx, retry, made);
        return made;
      }
    }
  });
  const made = await unlessRefused(making);
  return made.kind === 'limit_reached' || made.kind === 'key_ended' ? refuseUsage(made) : made;
}

async function auditRetry(
  tx: Transaction,
  { apiKey, jobId, body }: RetryRequest,
  made: Extract<MadeRetry, { kind: 'created' }>,
): Promise<void> {
  const who = { tenantId: apiKey.tenantId, actor: namedKey(apiKey) };
  await appendAudit(tx, {
    ...who,
    action: 'job.retried',
    subject: made.jobId,
    purpose: body.purpose ?? null,
    counts: { numbers: made.numbers, may_be_paid: made.mayBePaid },
    detail: {
      retry_of: jobId,
      account: made.account,
      ...(body.requested_by !== undefined && { requested_by: body.requested_by }),
    },
  });
  if (made.approvalId === null || !body.approval) return;
  const { why, cost_ceiling } = body.approval;
  await appendAudit(tx, {
    ...who,
    action: 'approval.given',
    subject: made.approvalId,
    purpose: why,
    counts: { numbers: made.numbers, may_be_paid: made.mayBePaid },
    detail: { job: made.jobId, cost_ceiling },
  });
}

async function makeInTree(
  tx: Transaction,
  accounts: AccountBook,
  { apiKey, body, traceparent }: RetryRequest,
  tree: RetryTree,
): Promise<Extract<MadeRetry, { kind: 'created' }> | Refusal> {
  const chosen = chooseAccount(accounts, {
    check: tree.checkName,
    account: body.account ?? tree.account,
  });
  if (chosen.kind === 'refused') return chosen;
  const { account, offer } = chosen;
  const include = [...new Set(body.include ?? (['failed', 'missing'] as const))];
  const asked: Asked = {
    ...(await countAskedAgain(tx, tree, include)),
    minNumbers: await minNumbersOf(tx, chosen, tree.checkName),
    chosen,
  };
  const costCeiling = amountOf(body.approval?.cost_ceiling);
  const decision = decideRetry({
    numbers: asked.numbers,
    mayBePaid: asked.mayBePaid,
    minNumbers: asked.minNumbers,
    pricePerNumber: offer.pricePerNumber,
    maxCost: amountOf(body.max_cost),
    costCeiling,
    mayApprove: allows(apiKey, 'approvals:write'),
  });
  if (decision.kind !== 'retry') return refusalOf(decision, asked);

  const { maxCost, cost, needsApproval } = decision;
  const approval =
    needsApproval && body.approval && costCeiling !== null
      ? {
          id: makeId('approval', Date.now(), randomBytes(10)),
          approvedBy: namedKey(apiKey),
          why: body.approval.why,
          cost,
          costCeiling,
        }
      : null;
  const id = makeId('job', Date.now(), randomBytes(10));
  const { ring } = await insertRetry(tx, tree, {
    id,
    include,
    numbers: asked.numbers,
    mayBePaid: asked.mayBePaid,
    account: account.id,
    currency: account.currency,
    name: body.name ?? null,
    purpose: body.purpose ?? null,
    requestedBy: body.requested_by ?? null,
    maxCost,
    createdBy: apiKey.id,
    traceparent,
    approval,
  });
  const { tenantId, id: keyId } = apiKey;
  const { currency } = account;
  // Last of all: whoever else counts to this key waits for the COMMIT.
  await countUsage(tx, { tenantId, keyId, numbers: asked.numbers, cost, currency });
  return {
    kind: 'created',
    jobId: id,
    account: account.id,
    ring,
    numbers: asked.numbers,
    mayBePaid: asked.mayBePaid,
    approvalId: approval?.id ?? null,
  };
}

async function minNumbersOf(
  tx: Transaction,
  { account, offer }: ChosenAccount,
  checkName: string,
): Promise<number> {
  return effectiveLimits(offer, await readLearnedLimits(tx, account.id, checkName)).minNumbers;
}

function amountOf(text: string | undefined): Money | null {
  return text === undefined ? null : parseMoney(text);
}

/** What makes two requests under one Idempotency-Key the same: the job, and what was said of its retry. */
function fingerprintOf({ jobId, body }: RetryRequest): Buffer {
  const { approval, include, ...options } = body;
  const said = Object.entries(options).filter(([, value]) => value !== undefined);
  const parts = [
    'retry',
    jobId,
    said.sort(([left], [right]) => (left < right ? -1 : 1)),
    include?.toSorted() ?? null,
    approval ? [approval.why, approval.cost_ceiling] : null,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest();
}
