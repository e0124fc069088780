import type { Database } from '@rollcall/db';
import { type Ground, type Json, openGround } from './ground.ts';
import type { Held } from './held-chunk.ts';

/** A ground with what deciding on held chunks needs; for tests only. */
export interface HoldsGround extends Ground {
  /** May decide, and not spend. */
  readonly resolver: string;
  /** May pay again too. */
  readonly approver: string;
  /** Decides on one hold, as `resolver` where nobody else is named. */
  resolve(chunkId: string, body: Json, authorization?: string): Promise<Answered>;
  /** Decides on all that the filter of `body` names. */
  resolveAll(body: Json, authorization?: string, idempotencyKey?: string): Promise<Answered>;
  /** What was decided, oldest first; on one chunk, where it is named. */
  decisions(chunkId?: string): Promise<Json[]>;
}

export interface Answered {
  readonly status: number;
  readonly body: Json;
}

/** What every decision of these tests is given as its reason. */
export const ticket = 'ticket 4711';

export async function openHoldsGround(): Promise<HoldsGround> {
  const ground = await openGround();
  const resolver = await ground.bearer(['holds:resolve']);
  const approver = await ground.bearer(['holds:resolve', 'approvals:write']);
  const post = async (path: string, body: Json, headers: Readonly<Record<string, string>>) => {
    const answer = await fetch(`${ground.url}/v1/holds/${path}`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ reason: ticket, ...body }),
    });
    return { status: answer.status, body: (await answer.json()) as Json };
  };
  return {
    ...ground,
    resolver,
    approver,
    resolve: (chunkId, body, authorization = resolver) =>
      post(`${chunkId}/resolve`, body, { authorization }),
    resolveAll: (body, authorization = resolver, key) =>
      post('resolve', body, {
        authorization,
        ...(key !== undefined && { 'idempotency-key': key }),
      }),
    async decisions(chunkId) {
      const sql =
        'SELECT * FROM store.decisions WHERE chunk_id = COALESCE($1, chunk_id) ORDER BY id';
      return (await ground.database.query(sql, [chunkId ?? null])).rows;
    },
  };
}

/** Holds a chunk again as if its second upload, which an approval had paid for, were lost as the first was; the attempt's id. */
export async function loseSecondUpload(
  database: Database,
  { chunkId, attemptId }: Pick<Held, 'chunkId' | 'attemptId'>,
): Promise<string> {
  const next = `att_${chunkId.slice(4, -1)}f`;
  await database.query(
    `INSERT INTO store.attempts (id, chunk_id, tenant_id, attempt_no, fence, account, provider_origin, numbers, price_per_number, amount, currency, approval_id)
     SELECT $2, chunk_id, tenant_id, 2, fence + 1, account, provider_origin, numbers, price_per_number, amount, currency,
            (SELECT id FROM store.approvals WHERE attempt_id = $1) FROM store.attempts WHERE id = $1`,
    [attemptId, next],
  );
  await database.query(
    `UPDATE store.attempts SET outcome = 'unknown', settled_at = now() WHERE id = $1`,
    [next],
  );
  for (const moved of [
    `state = 'submitting', attempt_id = '${next}'`,
    `state = 'held', reason = 'unknown', due_at = NULL`,
  ]) {
    await database.query(`UPDATE store.chunks SET ${moved} WHERE id = $1`, [chunkId]);
  }
  return next;
}
