import { randomBytes } from 'node:crypto';
import type { Database } from '@rollcall/db';
import { makeId } from '@rollcall/domain';

interface ChunkGiven {
  readonly jobNo: number;
  readonly tenantId: number;
  readonly no: number;
  readonly firstNumber: number;
  readonly lastNumber: number;
  readonly numbers: number;
  /** USD, as the ledger has it. */
  readonly amount: string;
  /** `done`: accepted, paid and read; `held`: its upload ended unknown. */
  readonly end:
    | { readonly state: 'done'; readonly costPerNumber: string }
    | { readonly state: 'held' };
}

/**
 * A chunk at the account `alpha` with its one attempt and its money, led through every state as workers would have: each step passes the schema's
 * own checks and triggers.
 */
export async function insertChunk(tx: Pick<Database, 'query'>, given: ChunkGiven): Promise<void> {
  const { jobNo, tenantId, numbers, amount, end } = given;
  const id = makeId('chunk', Date.now(), randomBytes(10));
  const attempt = makeId('attempt', Date.now(), randomBytes(10));
  await tx.query(
    `INSERT INTO store.account_states (account, provider_origin, adapter, currency) VALUES ('alpha', 'https://alpha.example', 'tasks-v1', 'USD')
     ON CONFLICT DO NOTHING`,
  );
  await tx.query(
    `INSERT INTO store.chunks (id, job_no, tenant_id, chunk_no, account, first_number, last_number, numbers, state, due_at)
     VALUES ($1, $2, $3, $4, 'alpha', $5, $6, $7, 'ready', now())`,
    [id, jobNo, tenantId, given.no, given.firstNumber, given.lastNumber, numbers],
  );
  await tx.query(
    `INSERT INTO store.attempts (id, chunk_id, tenant_id, attempt_no, fence, account, provider_origin, numbers,
                                 price_per_number, amount, currency)
     VALUES ($1, $2, $3, 1, 1, 'alpha', 'https://alpha.example', $4::int, 0.0004, $5, 'USD')`,
    [attempt, id, tenantId, numbers, amount],
  );
  for (const entry of end.state === 'done' ? ['reserve', 'commit'] : ['reserve']) {
    await tx.query(
      `INSERT INTO store.ledger (attempt_id, tenant_id, job_no, account, currency, entry, amount)
       VALUES ($1, $2, $3, 'alpha', 'USD', $4, $5)`,
      [attempt, tenantId, jobNo, entry, amount],
    );
  }
  const move = (assignments: string, ...values: readonly string[]) =>
    tx.query(`UPDATE store.chunks SET ${assignments} WHERE id = $1`, [id, ...values]);
  await move('attempt_id = $2', attempt);
  await move(`state = 'submitting'`);
  if (end.state === 'held') {
    await tx.query(
      `UPDATE store.attempts SET outcome = 'unknown', outcome_reason = 'connection_lost', settled_at = now() WHERE id = $1`,
      [attempt],
    );
    await move(`state = 'held', reason = 'unknown', due_at = NULL`);
    return;
  }
  await tx.query(
    `UPDATE store.attempts SET outcome = 'accepted', task_id = $2, settled_at = now() WHERE id = $1`,
    [attempt, attempt],
  );
  await move(`state = 'polling', poll_deadline_at = now() + interval '1 day'`);
  await move(`state = 'result_ready', locator = '{}'`);
  await move(`state = 'ingesting'`);
  await move(
    `state = 'done', artifact_id = 'art_test', cost_per_number = $2, due_at = NULL, closed_at = clock_timestamp()`,
    end.costPerNumber,
  );
}
