import { type ChunkId, type Share, takeTurn } from '@rollcall/domain';
import type { Queryable, Transaction } from '../database.ts';
import { together } from '../together.ts';
import type { LoadedSubmit } from './claim-submit.ts';

/**
 * In SQL: a job `l` of the line does not run, or has nothing ready. Sub-selects and no NOT EXISTS, of which the planner made one pass over all
 * chunks while it had no statistics: 260 ms where 100,000 wait.
 */
const hasLeft = `
  (SELECT true FROM store.chunks c WHERE c.job_no = l.job_no AND c.state = 'ready' LIMIT 1) IS NULL
  OR (SELECT j.state FROM store.jobs j WHERE j.job_no = l.job_no) IS DISTINCT FROM 'running'`;

/** In SQL: the first job of tenant `t` in this order that has something to send now, and its next chunk. */
const firstOf = (order: string): string => `
  SELECT c.id
    FROM store.jobs_in_line l
    JOIN store.jobs j ON j.job_no = l.job_no AND j.state = 'running'
   CROSS JOIN LATERAL (
     SELECT r.id FROM store.chunks r WHERE r.job_no = l.job_no AND r.state = 'ready' AND r.due_at <= clock_timestamp()
      ORDER BY r.due_at, r.chunk_no LIMIT 1) c
   WHERE l.account = $1 AND l.tenant_id = t.tenant_id AND l.check_name = ANY($2)
   ORDER BY l.priority DESC, ${order}, l.job_no LIMIT 1`;

/**
 * The chunk whose turn a free slot of the account is, of the checks that this process knows; null where none waits. Call it under the account's
 * lock: the next to ask sees what this one took. Its cost goes by tenants, not by jobs or chunks: of 50 tenants it took 8 ms with 20 jobs and 100 chunks
 * in line, and 8 ms with 10,000 jobs and 100,000 chunks, on two cores at a load of ten.
 */
export async function nextInTurn(
  tx: Transaction,
  account: string,
  checks: readonly string[],
): Promise<ChunkId | null> {
  const { rows } = await tx.query<{ id: ChunkId }>(
    `WITH RECURSIVE in_line AS (
       (SELECT tenant_id FROM store.jobs_in_line WHERE account = $1 ORDER BY tenant_id LIMIT 1)
       UNION ALL
       SELECT (SELECT n.tenant_id FROM store.jobs_in_line n WHERE n.account = $1 AND n.tenant_id > i.tenant_id ORDER BY n.tenant_id LIMIT 1)
         FROM in_line i WHERE i.tenant_id IS NOT NULL)
     SELECT h.id
       FROM (SELECT i.tenant_id, COALESCE(s.by_waiting, false) AS by_waiting,
                    row_number() OVER (ORDER BY greatest(s.ends, k.clock), COALESCE(s.ends, 0), i.tenant_id) AS place
               FROM in_line i
              CROSS JOIN (SELECT COALESCE(max(began), 0) AS clock FROM store.account_shares WHERE account = $1) k
               LEFT JOIN store.account_shares s ON s.account = $1 AND s.tenant_id = i.tenant_id
              WHERE i.tenant_id IS NOT NULL
              ORDER BY place) t
      CROSS JOIN LATERAL (
        (SELECT * FROM (${firstOf('l.remaining')}) small WHERE NOT t.by_waiting)
        UNION ALL
        (SELECT * FROM (${firstOf('l.waiting_since')}) waiting WHERE t.by_waiting)) h
      ORDER BY t.place LIMIT 1`,
    [account, checks],
  );
  return rows[0]?.id ?? null;
}

/**
 * Which chunk a doorbell of the account is answered with: what is in turn, and the one that it names where that waits for something to end, or
 * where nothing is in line.
 */
export async function inTurn(
  tx: Transaction,
  account: string,
  named: string,
  checks: readonly string[],
): Promise<string> {
  const [{ rows }, next] = await together(
    tx.query<{ blocked: boolean }>(
      "SELECT state = 'blocked' AS blocked FROM store.chunks WHERE id = $1",
      [named],
    ),
    nextInTurn(tx, account, checks),
  );
  return rows[0]?.blocked ? named : (next ?? named);
}

/**
 * Books the turn of a chunk that was claimed, on its tenant's share and its job's place. The last thing that a claim locks: whoever has the
 * job's row is passed over, so that a claim waits for nobody here.
 */
export async function bookTurn(tx: Transaction, loaded: LoadedSubmit): Promise<void> {
  const { account, tenantId, jobNo } = loaded;
  const { began, ends, turns, byWaiting } = takeTurn(loaded.share, loaded.facts.chunk.numbers);
  const { rows } = await tx.query<{ more: boolean }>(
    `WITH share AS (
       INSERT INTO store.account_shares (account, tenant_id, began, ends, turns, by_waiting) VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (account, tenant_id) DO UPDATE
          SET began = EXCLUDED.began, ends = EXCLUDED.ends, turns = EXCLUDED.turns, by_waiting = EXCLUDED.by_waiting),
     place AS (
       UPDATE store.jobs_in_line SET remaining = greatest(remaining - $8, 0), waiting_since = clock_timestamp()
        WHERE job_no = (SELECT job_no FROM store.jobs_in_line WHERE job_no = $7 FOR NO KEY UPDATE SKIP LOCKED))
     SELECT EXISTS (SELECT FROM store.chunks WHERE job_no = $7 AND state = 'ready') AS more`,
    [account, tenantId, began, ends, turns, byWaiting, jobNo, loaded.facts.chunk.numbers],
  );
  if (!rows[0]?.more) await leaveLine(tx, [jobNo]);
}

/** What the tenant of a chunk had of the account; null: there is no such chunk. */
export async function readShare(
  tx: Queryable,
  account: string,
  chunkId: string,
): Promise<Share | null> {
  const { rows } = await tx.query<Share>(
    `SELECT t.weight, COALESCE(s.ends, 0) AS ends, COALESCE(s.turns, 0) AS turns,
            (SELECT COALESCE(max(began), 0) FROM store.account_shares WHERE account = $1) AS clock
       FROM store.tenants t LEFT JOIN store.account_shares s ON s.account = $1 AND s.tenant_id = t.id
      WHERE t.id = (SELECT tenant_id FROM store.chunks WHERE id = $2)`,
    [account, chunkId],
  );
  return rows[0] ?? null;
}

/**
 * Takes jobs of which nothing is ready out of the line. Their rows are locked first and looked at then, in statements of their own: what became ready
 * before is seen, and what becomes ready meanwhile waits until this transaction has ended and enters anew.
 */
async function leaveLine(tx: Transaction, jobs: readonly number[]): Promise<void> {
  const locked = await tx.query<{ job_no: number }>(
    'SELECT job_no FROM store.jobs_in_line WHERE job_no = ANY($1) FOR UPDATE SKIP LOCKED',
    [jobs],
  );
  const mine = locked.rows.map((row) => row.job_no);
  if (mine.length === 0) return;
  await tx.query(`DELETE FROM store.jobs_in_line l WHERE l.job_no = ANY($1) AND (${hasLeft})`, [
    mine,
  ]);
}

/**
 * Takes out of the line whatever left it by another way than a claim: paused, cancelled, blocked, cut anew. Of a long line it looks at another part
 * each time, since a claim only passes over what is left.
 */
export async function tidyLine(tx: Transaction): Promise<void> {
  const { rows } = await tx.query<{ job_no: number }>(
    `SELECT l.job_no FROM (SELECT job_no FROM store.jobs_in_line ORDER BY random() LIMIT ${tidiedMax}) l WHERE ${hasLeft}`,
  );
  const left = rows.map((row) => row.job_no);
  if (left.length > 0) await leaveLine(tx, left);
}

/** Jobs that one sweep looks at. */
const tidiedMax = 500;
