import { crashPoint } from '@rollcall/crash-points';
import { formatMoney, type JobId, type Money, noMoney } from '@rollcall/domain';
import type { Database, Transaction } from '../database.ts';
import { appendAudit, system } from './audit-trail.ts';
import { postgresBlobs } from './blobs.ts';
import { insertBatches, int8Array, rowsAtOnce, textArray } from './copy-rows.ts';
import { countUsage, type KeyEnded, type LimitReached, unlessRefused } from './count-usage.ts';
import {
  claimIdempotencyKey,
  type IdempotencyKey,
  keepIdempotencyKey,
  type MadeBefore,
} from './idempotency-key.ts';
import { endIntake, type OpenIntake } from './intakes.ts';
import { storableJson, storableText } from './storable.ts';
import type { SuppressionFound } from '../suppression-check.ts';
import { suppressNumbers } from './suppress-numbers.ts';

/** What the API hands over once a whole upload has been read: one transaction stores all of it, or nothing. */
export interface ReceivedJob {
  readonly id: JobId;
  readonly tenantId: number;
  readonly checkName: string;
  readonly account: string;
  readonly currency: string;
  readonly name: string | null;
  readonly priority: number;
  readonly purpose: string;
  readonly requestedBy: string;
  readonly defaultRegion: string | null;
  readonly maxCost: Money | null;
  /** What all of its numbers cost at the configured price, for the limits of its key. */
  readonly cost?: Money;
  readonly createdBy: string | null;
  /** Whom the audit trail names; absent: the key by its id alone. */
  readonly actor?: string;
  /** W3C trace context of the request, where one is kept: the job's work belongs below it. */
  readonly traceparent?: string | null;
  readonly idempotency: IdempotencyKey | null;
  /** What tells erasures to wait for this upload; it ends with the job's COMMIT. Absent: none does. */
  readonly intake?: OpenIntake;
  readonly lines: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** Ascending and distinct. */
  readonly numbers: AsyncIterable<Float64Array>;
  /** Those of the numbers that are on the tenant's suppression list, and the version of that list; absent: nobody looked. */
  readonly suppression?: SuppressionFound;
  readonly rejects: AsyncIterable<
    readonly { readonly line: number; readonly reason: string; readonly raw: string }[]
  >;
  readonly upload: {
    readonly bytes: AsyncIterable<Uint8Array>;
    readonly encoding: 'zstd' | 'gzip' | 'identity';
    readonly sha256: Uint8Array;
    readonly byteCount: number;
    /** How the upload was read (format, column, header), so that any line can be read the same way again. */
    readonly reading: Readonly<Record<string, unknown>>;
  };
}

export type Received =
  | { readonly kind: 'created'; readonly jobId: JobId; readonly ring: number }
  | MadeBefore
  | LimitReached
  | KeyEnded
  /** Its intake has ended: what was erased meanwhile would come back with it. */
  | { readonly kind: 'too_late' };

/**
 * Stores a job with its numbers, its rejects and its upload. The sources must give their content again when they are iterated
 * again: after a deadlock the transaction is tried anew. What does not add up is refused, and nothing is stored. With an idempotency key, an advisory lock of this
 * transaction decides who stores: whoever comes meanwhile gets `in_progress`, whoever comes later gets the same job.
 */
export async function receiveJob(db: Database, job: ReceivedJob): Promise<Received> {
  const storing = db.transaction('job.receive', async (tx): Promise<Received> => {
    if (job.idempotency) {
      const before = await claimIdempotencyKey(tx, job.tenantId, job.idempotency);
      if (before) return before;
    }
    if (job.intake && !(await endIntake(tx, job.intake))) return { kind: 'too_late' };
    const { rows } = await tx.query<{ job_no: number; job_day: string }>(
      `INSERT INTO store.jobs (id, tenant_id, check_name, account, currency, name, priority, purpose, requested_by,
                               default_region, max_cost, created_by, traceparent)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING job_no, job_day`,
      [
        job.id,
        job.tenantId,
        job.checkName,
        job.account,
        job.currency,
        job.name,
        job.priority,
        job.purpose,
        job.requestedBy,
        job.defaultRegion,
        job.maxCost === null ? null : formatMoney(job.maxCost),
        job.createdBy,
        job.traceparent ?? null,
      ],
    );
    const row = rows[0];
    if (!row) throw new Error('INSERT ... RETURNING gave no row');
    await tx.query('SELECT store.ensure_month($1)', [row.job_day]);
    const ofJob = [row.job_day, job.tenantId, row.job_no];
    const copied = { numbers: 0 };
    await insertBatches(tx, insertNumbers, numberBatches(ofJob, job.numbers, copied));
    await keepSuppressed(tx, job, row.job_no, row.job_day);
    const byReason = new Map<string, number>();
    await insertBatches(tx, insertRejects, rejectBatches(ofJob, job.rejects, byReason));
    const rejected = [...byReason.values()].reduce((sum, lines) => sum + lines, 0);
    if (copied.numbers !== job.accepted || rejected !== job.rejected) {
      throw new Error(
        `job ${job.id} was to have ${job.accepted} numbers and ${job.rejected} rejects, and the sources gave ${copied.numbers} and ${rejected}`,
      );
    }
    for (const [reason, lines] of byReason) {
      await tx.query('INSERT INTO store.job_rejects (job_no, reason, lines) VALUES ($1, $2, $3)', [
        row.job_no,
        reason,
        lines,
      ]);
    }
    await postgresBlobs(tx).write(
      tx,
      {
        id: job.id,
        jobDay: row.job_day,
        tenantId: job.tenantId,
        jobNo: row.job_no,
        kind: 'upload',
        encoding: job.upload.encoding,
      },
      job.upload.bytes,
      () => job.upload,
    );
    const planning = await tx.query<{ ring_no: number }>(
      `UPDATE store.jobs SET state = 'planning', lines = $2, accepted = $3, duplicates = $4, rejected = $5, upload = $6,
              suppression_checked = $7, due_at = clock_timestamp(), rung_at = clock_timestamp(), ring_no = ring_no + 1
        WHERE id = $1 AND state = 'receiving' RETURNING ring_no`,
      [
        job.id,
        job.lines,
        job.accepted,
        job.duplicates,
        job.rejected,
        storableJson(job.upload.reading),
        job.suppression?.version ?? 0,
      ],
    );
    await job.suppression?.renew(tx);
    if (job.idempotency) await keepIdempotencyKey(tx, job.tenantId, job.idempotency, job.id);
    if (job.createdBy !== null) {
      const { tenantId, createdBy: keyId, accepted: numbers, cost = noMoney, currency } = job;
      await countUsage(tx, { tenantId, keyId, numbers, cost, currency });
    }
    await appendAudit(tx, {
      tenantId: job.tenantId,
      actor: job.actor ?? job.createdBy ?? system,
      action: 'job.received',
      subject: job.id,
      purpose: job.purpose,
      counts: {
        lines: job.lines,
        accepted: job.accepted,
        duplicates: job.duplicates,
        rejected: job.rejected,
      },
      detail: { check: job.checkName, account: job.account, requested_by: job.requestedBy },
    });
    return { kind: 'created', jobId: job.id, ring: planning.rows[0]?.ring_no ?? 1 };
  });
  return unlessRefused(storing);
}

/** Marks the numbers that are not to be sent, and refuses one that is not a number of the job. */
async function keepSuppressed(
  tx: Transaction,
  job: ReceivedJob,
  jobNo: number,
  jobDay: string,
): Promise<void> {
  const suppressed = job.suppression?.suppressed;
  if (suppressed === undefined || suppressed.length === 0) return;
  const kept = await suppressNumbers(tx, { tenantId: job.tenantId, jobNo, jobDay }, suppressed);
  if (kept === suppressed.length) return;
  throw new Error(
    `job ${job.id} was to have ${suppressed.length} suppressed numbers, and ${kept} are its own`,
  );
}

const insertNumbers = {
  name: 'insert numbers',
  text: `INSERT INTO store.job_numbers (job_day, tenant_id, job_no, number) SELECT $1, $2, $3, number FROM unnest($4::bigint[]) AS number`,
};

async function* numberBatches(
  ofJob: readonly unknown[],
  batches: AsyncIterable<Float64Array>,
  copied: { numbers: number },
): AsyncGenerator<readonly unknown[]> {
  for await (const batch of batches) {
    for (let start = 0; start < batch.length; start += rowsAtOnce) {
      const numbers = batch.subarray(start, start + rowsAtOnce);
      copied.numbers += numbers.length;
      yield [...ofJob, int8Array(numbers)];
      crashPoint('intake:in_copy');
    }
  }
}

const insertRejects = {
  name: 'insert rejects',
  text: `INSERT INTO store.rejects (job_day, tenant_id, job_no, line_no, reason, raw)
         SELECT $1, $2, $3, line_no, reason, raw FROM unnest($4::bigint[], $5::text[], $6::text[]) AS r (line_no, reason, raw)`,
};

async function* rejectBatches(
  ofJob: readonly unknown[],
  batches: ReceivedJob['rejects'],
  byReason: Map<string, number>,
): AsyncGenerator<readonly unknown[]> {
  for await (const batch of batches) {
    if (batch.length === 0) continue;
    for (const { reason } of batch) byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
    yield [
      ...ofJob,
      int8Array(batch.map(({ line }) => line)),
      textArray(batch.map(({ reason }) => reason)),
      textArray(batch.map(({ raw }) => storableText(raw))),
    ];
  }
}
