import { type ChunkId, ingestTriesMax, type JobId } from '@rollcall/domain';
import type { Database, Transaction } from '../database.ts';
import { advanceBreaker } from './breaker.ts';
import { tidyLine } from './fair-shares.ts';

/** Each sweep runs in one process at a time: whoever gets its lock, for the length of a transaction. They do not wait for each other. */
const sweepLocks = { rescue: 7_247_002, expire: 7_247_003, prune: 7_247_004, analyse: 7_247_005 };

export type DueDoorbell =
  | { readonly stage: 'plan'; readonly jobId: JobId; readonly ring: number }
  | {
      readonly stage: 'submit';
      readonly chunkId: ChunkId;
      readonly account: string;
      readonly ring: number;
    }
  | { readonly stage: 'poll'; readonly account: string; readonly ring: number }
  | { readonly stage: 'ingest'; readonly chunkId: ChunkId; readonly ring: number };

/** Runs `work` if no other process is at the same sweep; null otherwise. */
export async function sweepAlone<T>(
  db: Database,
  sweep: keyof typeof sweepLocks,
  work: (tx: Transaction) => Promise<T>,
): Promise<T | null> {
  return db.transaction(`sweep.${sweep}`, async (tx) => {
    const { rows } = await tx.query<{ locked: boolean }>(
      'SELECT pg_try_advisory_xact_lock($1) AS locked',
      [sweepLocks[sweep]],
    );
    return rows[0]?.locked ? work(tx) : null;
  });
}

/**
 * Finds whatever is due and was not rung within `again_ms`, counts a ring for each, and returns the doorbells. Of the chunks that
 * are ready, only as many as the account has slots free (`uploadsInFlight`), so that a large job does not ring a thousand times; whoever answers takes
 * what is in turn.
 */
export async function dueDoorbells(
  tx: Transaction,
  again_ms: number,
  uploadsInFlight: ReadonlyMap<string, number>,
): Promise<readonly DueDoorbell[]> {
  const doorbells: DueDoorbell[] = [];
  const jobs = await tx.query<{ id: JobId; ring_no: number }>(
    `UPDATE store.jobs SET ring_no = ring_no + 1, rung_at = clock_timestamp()
      WHERE id IN (
        SELECT id FROM store.jobs
         WHERE (due_at <= clock_timestamp() OR (due_at IS NULL AND finished_at IS NULL AND open_chunks = 0 AND planned_at IS NOT NULL))
           AND (rung_at IS NULL OR rung_at < clock_timestamp() - $1 * interval '1 millisecond')
           FOR NO KEY UPDATE SKIP LOCKED)
  RETURNING id, ring_no`,
    [again_ms],
  );
  for (const row of jobs.rows) doorbells.push({ stage: 'plan', jobId: row.id, ring: row.ring_no });

  const chunks = await tx.query<{
    id: ChunkId;
    account: string;
    stage: 'submit' | 'ingest';
    ring_no: number;
  }>(
    `WITH others AS (
       SELECT c.id, row_number() OVER (PARTITION BY c.account, c.state ORDER BY j.priority DESC, c.due_at, c.chunk_no) AS place
         FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no
        WHERE c.due_at <= clock_timestamp() AND (c.state = 'result_ready' OR (c.state = 'blocked' AND j.state = 'running'))
          AND (c.rung_at IS NULL OR c.rung_at < clock_timestamp() - $1 * interval '1 millisecond')),
     chosen AS (
       SELECT id FROM others WHERE place <= 200
       UNION ALL
       SELECT r.id
         FROM store.account_states s LEFT JOIN unnest($2::text[], $3::integer[]) AS p (account, slots) ON p.account = s.account
        CROSS JOIN LATERAL (
          SELECT c.id FROM store.chunks c
           WHERE c.account = s.account AND c.state = 'ready' AND c.due_at <= clock_timestamp()
             AND (c.rung_at IS NULL OR c.rung_at < clock_timestamp() - $1 * interval '1 millisecond')
             AND EXISTS (SELECT FROM store.jobs j WHERE j.job_no = c.job_no AND j.state = 'running')
           ORDER BY c.due_at, c.chunk_no
           LIMIT greatest(0, COALESCE(p.slots, 1) - (SELECT count(*) FROM store.chunks f WHERE f.account = s.account AND f.state = 'submitting'))) r)
     UPDATE store.chunks c SET ring_no = ring_no + 1, rung_at = clock_timestamp()
      WHERE c.id IN (SELECT id FROM store.chunks WHERE id IN (SELECT id FROM chosen) FOR UPDATE SKIP LOCKED)
  RETURNING c.id, c.account, CASE c.state WHEN 'result_ready' THEN 'ingest' ELSE 'submit' END AS stage, c.ring_no`,
    [again_ms, [...uploadsInFlight.keys()], [...uploadsInFlight.values()]],
  );
  for (const row of chunks.rows) {
    doorbells.push(
      row.stage === 'ingest'
        ? { stage: 'ingest', chunkId: row.id, ring: row.ring_no }
        : { stage: 'submit', chunkId: row.id, account: row.account, ring: row.ring_no },
    );
  }

  const replays = await tx.query<{ id: ChunkId; ring_no: number }>(
    `WITH due AS (
       SELECT p.id, p.chunk_id FROM store.replays p JOIN store.chunks c ON c.id = p.chunk_id
        WHERE p.due_at <= clock_timestamp() AND (p.rung_at IS NULL OR p.rung_at < clock_timestamp() - $1 * interval '1 millisecond')
        ORDER BY p.due_at LIMIT 200 FOR UPDATE OF p, c SKIP LOCKED),
     rung AS (UPDATE store.replays p SET rung_at = clock_timestamp() FROM due WHERE p.id = due.id)
     UPDATE store.chunks c SET ring_no = ring_no + 1 FROM due WHERE c.id = due.chunk_id RETURNING c.id, c.ring_no`,
    [again_ms],
  );
  for (const row of replays.rows)
    doorbells.push({ stage: 'ingest', chunkId: row.id, ring: row.ring_no });

  // One doorbell an account: a poll worker takes all of its tasks that are due.
  const polls = await tx.query<{ account: string; ring_no: number }>(
    `UPDATE store.account_states s SET poll_ring_no = poll_ring_no + 1, poll_rung_at = clock_timestamp()
      WHERE s.account IN (
        SELECT w.account FROM store.account_states w
         WHERE EXISTS (SELECT FROM store.chunks c WHERE c.account = w.account AND c.state = 'polling' AND c.due_at <= clock_timestamp())
           AND (poll_rung_at IS NULL OR poll_rung_at < clock_timestamp() - least($1, 1000) * interval '1 millisecond')
           FOR UPDATE SKIP LOCKED)
  RETURNING account, poll_ring_no AS ring_no`,
    [again_ms],
  );
  for (const row of polls.rows)
    doorbells.push({ stage: 'poll', account: row.account, ring: row.ring_no });
  await tidyLine(tx);
  return doorbells;
}

export interface Expired {
  /** Uploads whose worker went silent: held, never sent again by themselves. */
  readonly held: readonly {
    readonly chunkId: string;
    readonly attemptId: string;
    readonly account: string;
    readonly jobId: string;
  }[];
  /** Ingests whose worker went silent: another takes them. */
  readonly ingests: number;
}

/** Ends the claims whose lease ran out. An ingest that keeps failing is held with its file after as many tries as downloads get. */
export async function expireLeases(tx: Transaction): Promise<Expired> {
  // Under the account's lock, as all that its breaker counts: a claim that has it would not see what is given up beside it. An account that
  // somebody has right now is left to the next sweep, so that a worker that froze with one does not keep the others waiting.
  const free = await tx.query<{ account: string }>(
    `SELECT s.account FROM store.account_states s
      WHERE EXISTS (SELECT FROM store.chunks c WHERE c.account = s.account AND c.state = 'submitting' AND c.due_at <= clock_timestamp())
        FOR UPDATE SKIP LOCKED`,
  );
  const accounts = free.rows.map((row) => row.account);
  // Attempt before chunk, the order in which answers are settled; one that is being settled right now is left alone.
  const silent = await tx.query<{ id: string }>(
    `SELECT a.id FROM store.attempts a JOIN store.chunks c ON c.attempt_id = a.id
      WHERE c.state = 'submitting' AND c.due_at <= clock_timestamp() AND c.account = ANY($1) FOR UPDATE OF a SKIP LOCKED`,
    [accounts],
  );
  const attempts = silent.rows.map((row) => row.id);
  const held = await tx.query<{ id: string; attempt_id: string; account: string; job_id: string }>(
    `UPDATE store.chunks c SET state = 'held', reason = 'unknown', held_detail = 'worker_died', due_at = NULL, fence = c.fence + 1
       FROM store.jobs j
      WHERE j.job_no = c.job_no AND c.attempt_id = ANY($1) AND c.state = 'submitting' AND c.due_at <= clock_timestamp()
  RETURNING c.id, c.attempt_id, c.account, j.id AS job_id`,
    [attempts],
  );
  await tx.query(
    `UPDATE store.attempts SET outcome = 'unknown', outcome_reason = 'worker_died', settled_at = clock_timestamp()
      WHERE id = ANY($1) AND outcome = 'intent'`,
    [held.rows.map((row) => row.attempt_id)],
  );
  for (const account of new Set(held.rows.map((row) => row.account))) {
    await advanceBreaker(tx, account);
  }
  const ingests = await tx.query(
    `UPDATE store.chunks SET fence = fence + 1, ingest_tries = ingest_tries + 1, rung_at = NULL,
            state = CASE WHEN ingest_tries + 1 >= $1 THEN 'held' ELSE 'result_ready' END,
            reason = CASE WHEN ingest_tries + 1 >= $1 THEN 'artifact' END,
            held_detail = CASE WHEN ingest_tries + 1 >= $1 THEN 'ingest_keeps_failing' END,
            due_at = CASE WHEN ingest_tries + 1 >= $1 THEN NULL ELSE clock_timestamp() END
      WHERE id IN (SELECT id FROM store.chunks WHERE state = 'ingesting' AND due_at <= clock_timestamp() FOR UPDATE SKIP LOCKED)`,
    [ingestTriesMax],
  );
  return {
    held: held.rows.map((row) => ({
      chunkId: row.id,
      attemptId: row.attempt_id,
      account: row.account,
      jobId: row.job_id,
    })),
    ingests: ingests.rowCount ?? 0,
  };
}

export interface Pruned {
  readonly idempotencyKeys: number;
  /** Whether whoever pruned is the one to count kept sums anew today. Who dies over it leaves that day out. */
  readonly isToAuditSums: boolean;
}

/** Makes next month's partitions, forgets idempotency keys after a month, and takes over the day's audit of sums where nobody has. */
export async function prune(tx: Transaction): Promise<Pruned> {
  await tx.query(
    "SELECT store.ensure_month((now() AT TIME ZONE 'UTC')::date), store.ensure_month(((now() AT TIME ZONE 'UTC') + interval '1 month')::date)",
  );
  const keys = await tx.query(
    "DELETE FROM store.idempotency_keys WHERE created_at < now() - interval '31 days'",
  );
  const batches = await tx.query(
    "DELETE FROM store.hold_batches WHERE created_at < now() - interval '31 days'",
  );
  await tx.query("DELETE FROM store.sums_audits WHERE at < now() - interval '31 days'");
  // A day begins at 3 h UTC, when little else is done.
  const audit = await tx.query(
    "INSERT INTO store.sums_audits (day) VALUES ((now() AT TIME ZONE 'UTC' - interval '3 hours')::date) ON CONFLICT DO NOTHING",
  );
  return {
    idempotencyKeys: (keys.rowCount ?? 0) + (batches.rowCount ?? 0),
    isToAuditSums: audit.rowCount === 1,
  };
}

/**
 * What autovacuum never does: it analyses partitions, and no planner asks those when views join on `number`. Analyses the partitioned tables after jobs have closed, at most every five minutes. Without it the planner takes a table of
 * millions for three rows: a join of `rollcall.results` with itself over 20,000 numbers took 586 s, with it 0.9 s.
 */
export async function analyseResults(tx: Transaction): Promise<boolean> {
  const { rows } = await tx.query<{ stale: boolean }>(
    `SELECT EXISTS (SELECT FROM store.jobs j WHERE j.finished_at > COALESCE(s.last_analyze, '-infinity'))
            AND COALESCE(s.last_analyze, '-infinity') < clock_timestamp() - interval '5 minutes' AS stale
       FROM pg_stat_user_tables s WHERE s.schemaname = 'store' AND s.relname = 'results'`,
  );
  if (!rows[0]?.stale) return false;
  await tx.query('SELECT store.analyse_rows()');
  return true;
}
