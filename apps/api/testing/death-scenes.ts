import { randomBytes, randomUUID } from 'node:crypto';
import { makeId, scopes } from '@rollcall/domain';
import { insertAnsweredJob } from './answered-job.ts';
import { closedInDoubt } from './closed-job.ts';
import type { SentRequest } from './die-in-api.ts';
import { accountsText, type Ground } from './ground.ts';
import { insertHeld, insertHeldAccepted } from './held-chunk.ts';
import { said } from './post-job.ts';
import { senderTo } from './send.ts';

/** What is there before a request in which the API dies, the request, and the rows that tell what became of it. */
export interface Scene {
  readonly request: SentRequest;
  effect(): Promise<unknown>;
}

const why = 'ticket 4711';
/** Accounts are the installation's, not a tenant's: each scene about one has its own. */
const sceneAccounts = Array.from({ length: 8 }, (_, index) => `scene-${index + 1}`);
let accountsTaken = 0;

export const deathAccountsText = `${accountsText.trimEnd()}\n${sceneAccounts
  .map(
    (id) => `  ${id}:
    adapter: tasks-v1
    base_url: https://${id}.example
    key_env: SCENE_KEY
    currency: USD
    checks:
      telegram: { task_type: tg, chunk_size: 1000, price_per_number: "0.0004" }
`,
  )
  .join('')}`;

/** A tenant of the scene's own, so that its rows can be counted, and a key that may do everything there. */
export async function openTenant(ground: Ground) {
  const { rows } = await ground.database.query<{ id: number }>(
    'INSERT INTO store.tenants (name) VALUES ($1) RETURNING id',
    [randomUUID()],
  );
  return asTenant(ground, rows[0]?.id ?? 0);
}

async function asTenant(ground: Ground, tenantId: number) {
  const authorization = await ground.bearer(scopes, tenantId);
  const asks = (
    method: SentRequest['method'],
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): SentRequest => {
    const isJson = body !== undefined && !Buffer.isBuffer(body);
    return {
      method,
      path,
      headers: { authorization, ...(isJson && { 'content-type': 'application/json' }), ...headers },
      body: Buffer.from(isJson ? JSON.stringify(body) : (body ?? '')).toString('base64'),
    };
  };
  const send = senderTo(ground, authorization);
  return { tenantId, asks, send };
}

/** The one row of a statement, whose columns are what the scene is about. */
export async function one(
  { database }: Ground,
  sql: string,
  ...values: unknown[]
): Promise<unknown> {
  return (await database.query<Record<string, unknown>>(sql, values)).rows[0];
}

/** Of a job that comes with 30 numbers, or in a workbook with 2,000: as many rows as a stream does not hold back. */
export async function received(ground: Ground, workbook?: Buffer): Promise<Scene> {
  const { tenantId, asks } = await openTenant(ground);
  const headers = { 'idempotency-key': randomUUID() };
  const numbers = Array.from({ length: 30 }, (_, index) => `+${447_911_000_000 + index}`);
  return {
    request: workbook
      ? asks('POST', `/v1/jobs?${new URLSearchParams(said).toString()}`, workbook, {
          ...headers,
          'content-type': 'application/octet-stream',
        })
      : asks('POST', '/v1/jobs', { ...said, numbers: [...numbers, 'nobody'] }, headers),
    effect: () =>
      one(
        ground,
        `SELECT (SELECT count(*) FROM store.jobs WHERE tenant_id = $1 AND state = 'planning') AS jobs,
                (SELECT count(*) FROM store.job_numbers WHERE tenant_id = $1) AS numbers,
                (SELECT count(*) FROM store.rejects WHERE tenant_id = $1) AS rejects,
                (SELECT count(*) FROM store.blobs WHERE tenant_id = $1) AS uploads,
                (SELECT count(*) FROM store.idempotency_keys WHERE tenant_id = $1) AS keys`,
        tenantId,
      ),
  };
}

/** Of a closed job, 5 numbers of which failed and may have been charged: they are asked again with an approval. */
export async function retried(ground: Ground): Promise<Scene> {
  const { tenantId, asks } = await openTenant(ground);
  const jobId = await closedInDoubt(ground.database, { tenantId });
  const body = { approval: { why, cost_ceiling: '1' } };
  return {
    request: asks('POST', `/v1/jobs/${jobId}/retry`, body, { 'idempotency-key': randomUUID() }),
    effect: () =>
      one(
        ground,
        `SELECT (SELECT count(*) FROM store.jobs WHERE retry_of = $1) AS retries,
                (SELECT count(*) FROM store.job_numbers n JOIN store.jobs j ON j.job_no = n.job_no WHERE j.retry_of = $1) AS numbers,
                (SELECT count(*) FROM store.retry_approvals WHERE tenant_id = $2) AS approvals,
                (SELECT count(*) FROM store.idempotency_keys WHERE tenant_id = $2) AS keys`,
        jobId,
        tenantId,
      ),
  };
}

/** Of a job that waits to be planned, which is cancelled: nothing of it was sent. */
export async function cancelled(ground: Ground): Promise<Scene> {
  const { asks, send } = await openTenant(ground);
  const numbers = Array.from({ length: 30 }, (_, index) => `+${447_911_000_000 + index}`);
  const { body } = await send('POST', '/v1/jobs', { ...said, numbers });
  return {
    request: asks('POST', `/v1/jobs/${body.id}/cancel`),
    effect: () =>
      one(
        ground,
        `SELECT j.state, (SELECT ok FROM rollcall.audit($1)) AS audited,
                (SELECT count(*) FROM store.results r WHERE r.job_no = j.job_no AND r.outcome = 'cancelled') AS cancelled
           FROM store.jobs j WHERE j.id = $1`,
        body.id,
      ),
  };
}

/** Of a job that has a chunk to send. */
export async function controlled(
  ground: Ground,
  state: 'running' | 'paused',
  asked: readonly [SentRequest['method'], string, unknown?],
): Promise<Scene> {
  const { tenantId, asks } = await openTenant(ground);
  const jobId = await insertAnsweredJob(ground.database, { tenantId });
  await ground.database.query('UPDATE store.jobs SET state = $2 WHERE id = $1', [jobId, state]);
  await ground.database.query(
    "UPDATE store.chunks SET state = 'ready', reason = NULL, due_at = now() WHERE tenant_id = $1 AND state = 'held'",
    [tenantId],
  );
  const [method, verb, body] = asked;
  return {
    request: asks(method, `/v1/jobs/${jobId}${verb}`, body),
    effect: () =>
      one(
        ground,
        `SELECT state, name, max_cost = 9 AS changed,
                (SELECT count(*) FROM store.chunks c WHERE c.job_no = j.job_no AND c.state = 'ready' AND c.due_at <= now()) AS to_send
           FROM store.jobs j WHERE id = $1`,
        jobId,
      ),
  };
}

/** What became of a tenant's chunks that were not done before, with every row that a decision writes. */
const decidedSql = `
  SELECT c.state, c.adopting_task_id IS NOT NULL AS adopting, j.state AS job,
         (SELECT count(*) FROM store.results r WHERE r.job_no = c.job_no AND r.chunk_no = c.chunk_no) AS results,
         (SELECT string_agg(a.outcome, ' ' ORDER BY a.attempt_no) FROM store.attempts a WHERE a.chunk_id = c.id) AS attempts,
         (SELECT string_agg(l.entry, ' ' ORDER BY l.id) FROM store.ledger l JOIN store.attempts a ON a.id = l.attempt_id WHERE a.chunk_id = c.id) AS money,
         (SELECT string_agg(d.decision, ' ' ORDER BY d.id) FROM store.decisions d WHERE d.chunk_id = c.id) AS decisions,
         (SELECT count(*) FROM store.approvals p WHERE p.chunk_id = c.id) AS approvals
    FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no`;

/** Of a chunk that is held after an upload that was lost. */
export async function decided(
  ground: Ground,
  decision: Readonly<Record<string, unknown>>,
): Promise<Scene & { readonly chunkId: string; readonly attemptId: string }> {
  const { tenantId, asks } = await openTenant(ground);
  const { chunkId, attemptId } = await insertHeld(ground.database, tenantId);
  return {
    chunkId,
    attemptId,
    request: asks('POST', `/v1/holds/${chunkId}/resolve`, { reason: why, ...decision }),
    effect: () => one(ground, `${decidedSql} WHERE c.id = $1`, chunkId),
  };
}

/** Of a chunk that is held after an upload that was accepted. */
export async function decidedAccepted(
  ground: Ground,
  reason: 'poll' | 'artifact',
  decision: 'keep_polling' | 'replay',
): Promise<Scene> {
  const { tenantId, asks } = await openTenant(ground);
  const { chunkId } = await insertHeldAccepted(ground.database, reason, tenantId);
  return {
    request: asks('POST', `/v1/holds/${chunkId}/resolve`, { reason: why, decision }),
    effect: () => one(ground, `${decidedSql} WHERE c.id = $1`, chunkId),
  };
}

/** Of three chunks that are held, which one call under one key pays for again. */
export async function decidedTogether(ground: Ground): Promise<Scene> {
  const { tenantId, asks } = await openTenant(ground);
  for (let made = 0; made < 3; made += 1) await insertHeld(ground.database, tenantId);
  const body = {
    filter: { reason: 'unknown' },
    decision: 'pay_again',
    cost_ceiling: '0.006',
    reason: why,
  };
  return {
    request: asks('POST', '/v1/holds/resolve', body, { 'idempotency-key': randomUUID() }),
    async effect() {
      const { rows } = await ground.database.query(
        `${decidedSql} WHERE c.tenant_id = $1 AND c.state <> 'done' ORDER BY c.id`,
        [tenantId],
      );
      const batches = await one(
        ground,
        'SELECT count(*) AS opened FROM store.hold_batches WHERE tenant_id = $1',
        tenantId,
      );
      return { batches, chunks: rows };
    },
  };
}

/** Of a chunk that is done and whose file is kept. */
export async function readAgain(ground: Ground): Promise<Scene> {
  const { tenantId, asks } = await openTenant(ground);
  await insertAnsweredJob(ground.database, { tenantId });
  const id = makeId('artifact', Date.now(), randomBytes(10));
  const { rows } = await ground.database.query<{ id: string }>(
    `WITH c AS (SELECT c.*, j.job_day FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no WHERE c.tenant_id = $1 AND c.state = 'done'),
          kept AS (INSERT INTO store.artifacts (id, chunk_id, attempt_id, tenant_id, job_day, sha256, byte_count, headers)
                   SELECT $2, id, attempt_id, tenant_id, job_day, sha256(''), 0, '{}' FROM c),
          blob AS (INSERT INTO store.blobs (id, job_day, tenant_id, job_no, kind, encoding, sha256, byte_count)
                   SELECT $2, job_day, tenant_id, job_no, 'artifact', 'identity', sha256(''), 0 FROM c)
     UPDATE store.chunks SET artifact_id = $2 FROM c WHERE chunks.id = c.id RETURNING chunks.id`,
    [tenantId, id],
  );
  return {
    request: asks('POST', `/v1/chunks/${rows[0]?.id ?? ''}/replay`, { reason: why }),
    effect: () =>
      one(
        ground,
        "SELECT count(*) AS replays, string_agg(state || ' ' || mode, ', ') AS words FROM store.replays WHERE tenant_id = $1",
        tenantId,
      ),
  };
}

/** The first tenant operates the accounts. */
const operatingTenant = 1;

/** Of an account that nothing stops, or that what `stopped` sets does. */
export async function ofAccount(ground: Ground, verb: string, stopped = ''): Promise<Scene> {
  const account = sceneAccounts[accountsTaken] ?? '';
  accountsTaken += 1;
  const { asks } = await asTenant(ground, operatingTenant);
  await ground.database.query(
    "INSERT INTO store.account_states (account, provider_origin, adapter, currency, semantics_confirmed) VALUES ($1, $2, 'tasks-v1', 'USD', false)",
    [account, `https://${account}.example`],
  );
  if (stopped !== '') {
    await ground.database.query(`UPDATE store.account_states SET ${stopped} WHERE account = $1`, [
      account,
    ]);
  }
  return {
    request: asks('POST', `/v1/accounts/${account}/${verb}`, { reason: why }),
    effect: () =>
      one(
        ground,
        `SELECT paused_reason AS paused, breaker_state AS breaker, semantics_confirmed AS confirmed,
                num_nonnulls(pause_note, resumed_note, semantics_note) AS notes FROM store.account_states WHERE account = $1`,
        account,
      ),
  };
}

/** Of the audit trail that is read, which the trail itself tells of before it answers. */
export async function readsAudit(ground: Ground): Promise<Scene> {
  const { tenantId, asks } = await openTenant(ground);
  return {
    request: asks('GET', '/v1/audit'),
    effect: () =>
      one(
        ground,
        `SELECT count(*) AS reads FROM store.audit_trail WHERE tenant_id = $1 AND action = 'audit.read'`,
        tenantId,
      ),
  };
}
