import { crashPoint } from '@rollcall/crash-points';
import { formatMoney, type JobId, type Money } from '@rollcall/domain';
import type { Database } from '../database.ts';
import { postgresBlobs } from './blobs.ts';
import { copyField, copyText } from './copy-rows.ts';
import {
  claimIdempotencyKey,
  type IdempotencyKey,
  keepIdempotencyKey,
  type MadeBefore,
} from './idempotency-key.ts';
import { storableJson } from './storable.ts';

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
  readonly createdBy: string | null;
  /** W3C trace context of the request, where one is kept: the job's work belongs below it. */
  readonly traceparent?: string | null;
  readonly idempotency: IdempotencyKey | null;
  readonly lines: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** Ascending and distinct. */
  readonly numbers: AsyncIterable<Float64Array>;
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
  | MadeBefore;

/**
 * Stores a job with its numbers, its rejects and its upload. The sources must give their content again when they are iterated
 * again: after a deadlock the transaction is tried anew. What does not add up is refused, and nothing is stored. With an idempotency key, an advisory lock of this
 * transaction decides who stores: whoever comes meanwhile gets `in_progress`, whoever comes later gets the same job.
 */
export async function receiveJob(db: Database, job: ReceivedJob): Promise<Received> {
  return db.transaction('job.receive', async (tx) => {
    if (job.idempotency) {
      const before = await claimIdempotencyKey(tx, job.tenantId, job.idempotency);
      if (before) return before;
    }
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
    const prefix = `${row.job_day}\t${job.tenantId}\t${row.job_no}\t`;
    const copied = { numbers: 0 };
    await copyText(
      tx,
      'store.job_numbers (job_day, tenant_id, job_no, number)',
      numberLines(prefix, job.numbers, copied),
    );
    const byReason = new Map<string, number>();
    await copyText(
      tx,
      'store.rejects (job_day, tenant_id, job_no, line_no, reason, raw)',
      rejectLines(prefix, job.rejects, byReason),
    );
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
              due_at = clock_timestamp(), rung_at = clock_timestamp(), ring_no = ring_no + 1
        WHERE id = $1 AND state = 'receiving' RETURNING ring_no`,
      [
        job.id,
        job.lines,
        job.accepted,
        job.duplicates,
        job.rejected,
        storableJson(job.upload.reading),
      ],
    );
    if (job.idempotency) await keepIdempotencyKey(tx, job.tenantId, job.idempotency, job.id);
    return { kind: 'created', jobId: job.id, ring: planning.rows[0]?.ring_no ?? 1 };
  });
}

async function* numberLines(
  prefix: string,
  batches: AsyncIterable<Float64Array>,
  copied: { numbers: number },
): AsyncGenerator<string> {
  for await (const batch of batches) {
    let text = '';
    for (const number of batch) text += `${prefix}${number}\n`;
    copied.numbers += batch.length;
    yield text;
    crashPoint('intake:in_copy');
  }
}

async function* rejectLines(
  prefix: string,
  batches: ReceivedJob['rejects'],
  byReason: Map<string, number>,
): AsyncGenerator<string> {
  for await (const batch of batches) {
    let text = '';
    for (const { line, reason, raw } of batch) {
      byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
      text += `${prefix}${line}\t${reason}\t${copyField(raw)}\n`;
    }
    if (text !== '') yield text;
  }
}
