import type { AttemptOutcome, HeldDecision, HeldReason, JobState } from '@rollcall/domain';
import type { Queryable } from '../database.ts';

/** A chunk that waits for a person; amounts are decimal text. */
export interface HoldRow {
  readonly chunk_id: string;
  readonly job_id: string;
  readonly account: string;
  readonly check_name: string;
  readonly numbers: number;
  readonly reason: HeldReason;
  readonly detail: string | null;
  readonly attempt_id: string;
  readonly attempt_outcome: AttemptOutcome;
  readonly task_id: string | null;
  readonly money_at_risk: string;
  readonly currency: string;
  readonly held_since: Date;
  /** When the same upload was held again after a decision that did not end it; null: it was held once. */
  readonly held_again_at: Date | null;
  /** The same to the microsecond, since 1970: what a page goes on after. */
  readonly held_us: number;
  readonly job_state: JobState;
  /** Whether a file is kept, or (held for `artifact`) the address of one is known, that could be read again. */
  readonly has_result: boolean;
}

export interface HoldFilter {
  readonly account: string | null;
  readonly jobId: string | null;
  readonly reason: string | null;
  readonly checkName: string | null;
  readonly detail: string | null;
  /** Held since before this time. */
  readonly heldBefore: Date | null;
}

/** What a filter narrows nothing by. */
export const anyHold: HoldFilter = {
  account: null,
  jobId: null,
  reason: null,
  checkName: null,
  detail: null,
  heldBefore: null,
};

export interface HoldPlace {
  readonly held_us: number;
  readonly chunkId: string;
}

/** $1 is the tenant. */
export const holds = `FROM store.chunks c
  JOIN store.jobs j ON j.job_no = c.job_no
  JOIN store.attempts a ON a.id = c.attempt_id
 WHERE c.state = 'held' AND c.tenant_id = $1`;
/** Whether there is a file to read again. */
export const hasResult = `(c.artifact_id IS NOT NULL OR (c.reason = 'artifact' AND c.locator IS NOT NULL))`;
export const holdColumns = `SELECT c.id AS chunk_id, j.id AS job_id, c.account, j.check_name, c.numbers, c.reason, COALESCE(c.held_detail, a.outcome_reason) AS detail,
       a.id AS attempt_id, a.outcome AS attempt_outcome, a.task_id, a.amount AS money_at_risk, a.currency, c.held_since,
       CASE WHEN c.changed_at > c.held_since THEN c.changed_at END AS held_again_at,
       (extract(epoch FROM c.held_since) * 1000000)::bigint AS held_us, j.state AS job_state,
       ${hasResult} AS has_result`;
/** $1 to $7 are `filterValues`. */
export const filtered = `AND ($2::text IS NULL OR c.account = $2) AND ($3::text IS NULL OR j.id = $3)
   AND ($4::text IS NULL OR c.reason = $4) AND ($5::text IS NULL OR j.check_name = $5)
   AND ($6::text IS NULL OR COALESCE(c.held_detail, a.outcome_reason) = $6) AND ($7::timestamptz IS NULL OR c.held_since < $7)`;

export function filterValues(tenantId: number, filter: HoldFilter) {
  const { account, jobId, reason, checkName, detail, heldBefore } = filter;
  return [tenantId, account, jobId, reason, checkName, detail, heldBefore];
}

/** A page of a tenant's held chunks, those that wait longest first. */
export async function listHolds(
  db: Queryable,
  tenantId: number,
  filter: HoldFilter,
  page: { readonly after: HoldPlace | null; readonly limit: number },
): Promise<readonly HoldRow[]> {
  const { rows } = await db.query<HoldRow>(
    `${holdColumns} ${holds} ${filtered}
        AND ($8::bigint IS NULL OR (c.held_since, c.id) > (timestamptz 'epoch' + $8::bigint * interval '1 microsecond', $9::text))
      ORDER BY c.held_since, c.id LIMIT $10`,
    [
      ...filterValues(tenantId, filter),
      page.after?.held_us ?? null,
      page.after?.chunkId ?? null,
      page.limit,
    ],
  );
  return rows;
}

/** All that a filter names, by currency: what of its money is in doubt, and what was paid. */
export async function sumHolds(
  db: Queryable,
  tenantId: number,
  filter: HoldFilter,
): Promise<
  readonly {
    readonly currency: string;
    readonly chunks: number;
    readonly numbers: number;
    readonly in_doubt: string;
    readonly paid: string;
  }[]
> {
  const { rows } = await db.query(
    `SELECT a.currency, count(*) AS chunks, sum(c.numbers)::bigint AS numbers, COALESCE(sum(a.amount) FILTER (WHERE a.outcome = 'unknown'), 0)::text AS in_doubt,
            COALESCE(sum(a.amount) FILTER (WHERE a.outcome <> 'unknown'), 0)::text AS paid ${holds} ${filtered}
      GROUP BY a.currency ORDER BY a.currency`,
    filterValues(tenantId, filter),
  );
  return rows;
}

/** One held chunk of a tenant; null where there is none of that id, or it is not held. */
export async function readHold(
  db: Queryable,
  tenantId: number,
  chunkId: string,
): Promise<HoldRow | null> {
  const { rows } = await db.query<HoldRow>(`${holdColumns} ${holds} AND c.id = $2`, [
    tenantId,
    chunkId,
  ]);
  return rows[0] ?? null;
}

/** The upload whose outcome is in doubt: what is known of it beyond its hold. Amounts are decimal text. */
export interface HeldUploadRow {
  readonly intended_at: Date;
  /** Null, as what follows: no worker told what became of it. */
  readonly upload_started_at: Date | null;
  readonly settled_at: Date | null;
  readonly headers_sent: boolean | null;
  readonly body_bytes: number | null;
  readonly body_bytes_sent: number | null;
  readonly http_status: number | null;
  readonly transport_error: string | null;
  readonly body_excerpt: string | null;
  readonly balance_before: string | null;
  readonly balance_before_at: Date | null;
  readonly balance_after: string | null;
  readonly balance_after_at: Date | null;
}

/** The upload of a tenant's held chunk; null where it is not held. */
export async function readHeldUpload(
  db: Queryable,
  tenantId: number,
  chunkId: string,
): Promise<HeldUploadRow | null> {
  const { rows } = await db.query<HeldUploadRow>(
    `SELECT v.intended_at, v.upload_started_at, v.settled_at, v.headers_sent, v.body_bytes, v.body_bytes_sent, v.http_status, v.transport_error, v.body_excerpt,
            v.balance_before, v.balance_before_at, v.balance_after, v.balance_after_at
       FROM store.chunks c JOIN rollcall.held_chunks v ON v.chunk_id = c.id WHERE c.id = $2 AND c.tenant_id = $1`,
    [tenantId, chunkId],
  );
  return rows[0] ?? null;
}

/** The archived file of a held chunk: where its bytes are, and what they are once unpacked. */
export interface HeldArtifactRow {
  readonly id: string;
  readonly job_id: string;
  readonly job_day: string;
  readonly account: string;
  readonly encoding: 'zstd' | 'gzip' | 'identity';
  readonly sha256: Buffer;
  readonly byte_count: number;
}

/** The file of a tenant's held chunk; null where it is not held, no file of it came, or its bytes are not kept any more. */
export async function findHeldArtifact(
  db: Queryable,
  tenantId: number,
  chunkId: string,
): Promise<HeldArtifactRow | null> {
  const { rows } = await db.query<HeldArtifactRow>(
    `SELECT b.id, j.id AS job_id, b.job_day, c.account, b.encoding, b.sha256, b.byte_count
       FROM store.chunks c
       JOIN store.jobs j ON j.job_no = c.job_no
       JOIN store.blobs b ON b.id = c.artifact_id AND b.job_day = j.job_day AND b.kind = 'artifact'
      WHERE c.id = $2 AND c.tenant_id = $1 AND c.state = 'held'`,
    [tenantId, chunkId],
  );
  return rows[0] ?? null;
}

export interface EvidenceRow {
  readonly attempt_id: string;
  readonly started_at: Date;
  readonly duration_ms: number;
  readonly operation: 'submit' | 'status' | 'download' | 'balance';
  readonly verdict: string;
  readonly task_id: string | null;
  readonly headers_sent: boolean;
  readonly body_bytes: number | null;
  readonly body_bytes_sent: number | null;
  readonly http_status: number | null;
  readonly body_excerpt: string | null;
  readonly transport_error: string | null;
}

/** The last exchanges with the provider over a chunk that were kept, oldest first. */
export async function readEvidence(
  db: Queryable,
  tenantId: number,
  chunkId: string,
  limit: number,
): Promise<readonly EvidenceRow[]> {
  const { rows } = await db.query<EvidenceRow>(
    `SELECT e.attempt_id, e.started_at, e.duration_ms, e.operation, e.verdict, e.task_id, e.headers_sent, e.body_bytes, e.body_bytes_sent, e.http_status, e.body_excerpt, e.transport_error
       FROM store.attempts a JOIN store.evidence e ON e.attempt_id = a.id
      WHERE a.chunk_id = $1 AND a.tenant_id = $2 ORDER BY e.id DESC LIMIT $3`,
    [chunkId, tenantId, limit],
  );
  return rows.toReversed();
}

export interface DecisionRow {
  readonly chunk_id: string;
  readonly attempt_id: string;
  readonly decision: HeldDecision;
  readonly decided_by: string;
  readonly why: string;
  readonly task_id: string | null;
  readonly cost_ceiling: string | null;
  /** With pay_again: what it made of the attempt that it lifted. */
  readonly lifted_to: 'not_charged' | 'written_off' | null;
  /** The Idempotency-Key of the decision on many holds that it was part of. */
  readonly batch_key: string | null;
  readonly at: Date;
}

/** What people decided on a chunk, oldest first. */
export async function readDecisions(
  db: Queryable,
  tenantId: number,
  chunkId: string,
): Promise<readonly DecisionRow[]> {
  const { rows } = await db.query<DecisionRow>(
    `SELECT d.chunk_id, d.attempt_id, d.decision, d.decided_by, d.why, d.task_id, p.cost_ceiling, p.lifted_to, d.batch_key, d.at
       FROM store.decisions d LEFT JOIN store.approvals p ON p.id = d.approval_id
      WHERE d.chunk_id = $1 AND d.tenant_id = $2 ORDER BY d.id`,
    [chunkId, tenantId],
  );
  return rows;
}
