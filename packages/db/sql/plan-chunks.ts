import type { ChunkId } from '@rollcall/domain';
import type { Queryable, Transaction } from '../database.ts';
import { writeSameOutcome } from './close-job.ts';
import type { PlannedJob } from './planned-job.ts';
import { countSuppressed, isSuppressed } from './suppress-numbers.ts';

/** A contiguous range of a job's numbers that is to be cut. */
export interface Area {
  readonly first: number;
  readonly last: number;
  readonly numbers: number;
  /** Of them: those that are on the suppression list and those that were erased; neither is sent. */
  readonly suppressed: number;
  readonly erased: number;
}

/** The whole job as one area, before it is cut: nothing of it is erased until then. */
export async function wholeJob(tx: Queryable, job: PlannedJob): Promise<Area> {
  const { rows } = await tx.query<{ first: number; last: number }>(
    'SELECT min(number) AS first, max(number) AS last FROM store.job_numbers WHERE job_no = $1 AND job_day = $2',
    [job.jobNo, job.jobDay],
  );
  const range = { first: rows[0]?.first ?? 0, last: rows[0]?.last ?? 0 };
  const suppressed = await countSuppressed(tx, job, range);
  return { ...range, numbers: job.accepted, suppressed, erased: 0 };
}

/**
 * Takes back the chunks of a job that were never sent, if one of them waits to be planned anew: they become `superseded`, and
 * their runs are the areas to cut. Chunks that may have cost money stay as they are.
 */
export async function supersedeUnsent(
  tx: Transaction,
  job: Pick<PlannedJob, 'jobNo' | 'jobDay'>,
): Promise<readonly Area[]> {
  const { jobNo } = job;
  const { rows } = await tx.query<Area & { chunks: number }>(
    `WITH unsent AS (
       SELECT id FROM store.chunks c
        -- One whose numbers were all erased has no range: there is nothing to cut.
        WHERE job_no = $1 AND first_number > 0 AND (state = 'ready' OR (state = 'blocked' AND reason IN ('canary','replan','job_ceiling','account_cap','breaker','account_paused','account_withdrawn','auth')))
          AND NOT EXISTS (SELECT FROM store.attempts a WHERE a.chunk_id = c.id AND a.outcome NOT IN ('not_sent','refused_free'))
          AND EXISTS (SELECT FROM store.chunks r WHERE r.job_no = $1 AND r.state = 'blocked' AND r.reason = 'replan')
        FOR UPDATE),
     superseded AS (
       UPDATE store.chunks c SET state = 'superseded', reason = NULL, due_at = NULL, closed_at = clock_timestamp()
         FROM unsent WHERE c.id = unsent.id
       RETURNING c.first_number, c.last_number, c.numbers, c.suppressed, c.erased),
     -- A run ends where a chunk that was sent lies between two that were not.
     standing AS (SELECT first_number FROM store.chunks WHERE job_no = $1 AND state <> 'superseded' AND id NOT IN (SELECT id FROM unsent)),
     runs AS (SELECT s.*, (SELECT count(*) FROM standing t WHERE t.first_number < s.first_number) AS run FROM superseded s)
     SELECT min(first_number) AS first, max(last_number) AS last, sum(numbers)::bigint AS numbers,
            sum(suppressed)::bigint AS suppressed, sum(erased)::bigint AS erased, count(*) AS chunks
       FROM runs GROUP BY run ORDER BY 1`,
    [jobNo],
  );
  await letEmptiedEnd(tx, jobNo);
  const taken = rows.reduce((sum, row) => sum + row.chunks, 0);
  if (taken === 0) return [];
  await tx.query('UPDATE store.jobs SET open_chunks = open_chunks - $2 WHERE job_no = $1', [
    jobNo,
    taken,
  ]);
  return rows.map(({ first, last, numbers, suppressed, erased }) => ({
    first,
    last,
    numbers,
    suppressed,
    erased,
  }));
}

/**
 * Has a worker look at chunks whose numbers were all erased while they waited to be cut anew, or for a canary that may never go: it finds nothing
 * to send, and ends them.
 */
async function letEmptiedEnd(tx: Transaction, jobNo: number): Promise<void> {
  await tx.query(
    `UPDATE store.chunks SET state = 'ready', reason = NULL, due_at = clock_timestamp(), rung_at = NULL
      WHERE job_no = $1 AND first_number < 0 AND state = 'blocked' AND reason IN ('replan','canary')`,
    [jobNo],
  );
}

export interface NewChunk {
  readonly id: ChunkId;
  readonly numbers: number;
  readonly state: 'ready' | 'blocked';
  readonly isCanary: boolean;
}

/**
 * Cuts an area into chunks that send as many numbers as given, which add up to what of the area is sent. What is suppressed lies in the
 * chunk in whose range it falls, and what was erased, which has no place any more, counts with the first.
 */
export async function insertChunks(
  tx: Transaction,
  job: PlannedJob,
  area: Area,
  firstChunkNo: number,
  chunks: readonly NewChunk[],
): Promise<void> {
  let end = 0;
  const places = chunks.map(({ numbers }) => {
    end += numbers;
    return { first: end - numbers + 1, last: end };
  });
  // One ordered pass over the area. Joined to the sizes instead, rows fresh from COPY (of which the planner knows nothing)
  // gave a nested loop: 100,000 numbers in 201 chunks took 15 s, this 0.3 s.
  const { rows } = await tx.query<{ n: number; number: number }>(
    `SELECT n, number FROM (
       SELECT number, row_number() OVER (ORDER BY number) AS n
         FROM store.job_numbers n WHERE job_no = $1 AND job_day = $2 AND number BETWEEN $3 AND $4 ${area.suppressed > 0 ? `AND NOT ${isSuppressed}` : ''}) ordered
      WHERE n = ANY($5::bigint[])`,
    [
      job.jobNo,
      job.jobDay,
      area.first,
      area.last,
      places.flatMap(({ first, last }) => [first, last]),
    ],
  );
  const numberAt = new Map(rows.map(({ n, number }) => [n, number]));
  const ranges = await rangesOf(tx, job, area, chunks, (place) => numberAt.get(place) ?? null);
  const inserted = await tx.query(
    `INSERT INTO store.chunks (id, job_no, tenant_id, chunk_no, account, first_number, last_number, numbers, suppressed, erased, is_canary, state, reason, due_at,
                               suppression_checked)
     SELECT id, $1, $2, $3 + ord - 1, $4, first_number, last_number, numbers, suppressed, erased, is_canary, state,
            CASE state WHEN 'blocked' THEN 'canary' END, CASE state WHEN 'ready' THEN clock_timestamp() END,
            (SELECT suppression_checked FROM store.jobs WHERE job_no = $1)
       FROM unnest($5::text[], $6::bigint[], $7::bigint[], $8::integer[], $9::integer[], $10::integer[], $11::boolean[], $12::text[]) WITH ORDINALITY
            AS c (id, first_number, last_number, numbers, suppressed, erased, is_canary, state, ord)
      WHERE first_number IS NOT NULL AND last_number IS NOT NULL`,
    [
      job.jobNo,
      job.tenantId,
      firstChunkNo,
      job.account,
      chunks.map((chunk) => chunk.id),
      ranges.map(({ first }) => first),
      ranges.map(({ last }) => last),
      chunks.map(
        (chunk, index) =>
          chunk.numbers + (ranges[index]?.suppressed ?? 0) + (ranges[index]?.erased ?? 0),
      ),
      ranges.map(({ suppressed }) => suppressed),
      ranges.map(({ erased }) => erased),
      chunks.map((chunk) => chunk.isCanary),
      chunks.map((chunk) => chunk.state),
    ],
  );
  if (inserted.rowCount !== chunks.length) {
    throw new Error(
      `planned ${chunks.length} chunks of job ${job.jobId} and could place ${inserted.rowCount}`,
    );
  }
  await tx.query('UPDATE store.jobs SET open_chunks = open_chunks + $2 WHERE job_no = $1', [
    job.jobNo,
    chunks.length,
  ]);
}

interface ChunkRange {
  readonly first: number | null;
  readonly last: number | null;
  readonly suppressed: number;
  readonly erased: number;
}

/** From the first number that a chunk sends to its last; where some are suppressed, up to the next chunk, so that each lies in one. */
async function rangesOf(
  tx: Transaction,
  job: PlannedJob,
  area: Area,
  chunks: readonly NewChunk[],
  numberAt: (place: number) => number | null,
): Promise<readonly ChunkRange[]> {
  let end = 0;
  const ranges: ChunkRange[] = [];
  for (const [index, { numbers }] of chunks.entries()) {
    const isFirst = index === 0;
    const isLast = index === chunks.length - 1;
    const own = { first: numberAt(end + 1), last: numberAt(end + numbers) };
    end += numbers;
    const erased = isFirst ? area.erased : 0;
    if (area.suppressed === 0) {
      ranges.push({ ...own, suppressed: 0, erased });
      continue;
    }
    const next = isLast ? null : numberAt(end + 1);
    const first = isFirst ? area.first : own.first;
    const last = isLast ? area.last : next === null ? null : next - 1;
    const suppressed =
      first === null || last === null ? 0 : await countSuppressed(tx, job, { first, last });
    ranges.push({ first, last, suppressed, erased });
  }
  return ranges;
}

/**
 * An area of which no legal upload can be made: one chunk that ends as rejected at once, its numbers as failed, or as suppressed.
 * It counts as closed from the start.
 */
export async function insertRejectedChunk(
  tx: Transaction,
  job: PlannedJob,
  area: Area,
  chunkNo: number,
  id: ChunkId,
  reason: string,
): Promise<void> {
  await tx.query(
    `INSERT INTO store.chunks (id, job_no, tenant_id, chunk_no, account, first_number, last_number, numbers, suppressed, erased, state, reason, closed_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'rejected', $11, clock_timestamp())`,
    [
      id,
      job.jobNo,
      job.tenantId,
      chunkNo,
      job.account,
      area.first,
      area.last,
      area.numbers,
      area.suppressed,
      area.erased,
      reason,
    ],
  );
  await writeSameOutcome(tx, job.jobNo, [id], 'failed');
}
