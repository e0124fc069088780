import type { Evidence } from '@rollcall/domain';
import type { Transaction } from '../database.ts';
import { storableText } from './storable.ts';

/** Appends an exchange to what is known of an attempt. Always, whatever became of the chunk meanwhile. */
export async function appendEvidence(
  tx: Transaction,
  attempt: { readonly attemptId: string; readonly tenantId: number },
  verdict: string,
  evidence: Evidence,
  taskId: string | null,
): Promise<void> {
  await tx.query(
    `INSERT INTO store.evidence (attempt_id, tenant_id, operation, verdict, task_id, started_at, duration_ms, headers_sent, http_status, body_excerpt, raw_body, transport_error, body_bytes, body_bytes_sent)
     VALUES ($1, $2, $3, $4, $5, to_timestamp($6::float8 / 1000), $7, $8, $9, $10, $11, $12, $13, $14)`,
    [
      attempt.attemptId,
      attempt.tenantId,
      evidence.operation,
      verdict,
      taskId,
      evidence.startedAt_ms,
      Math.round(evidence.duration_ms),
      evidence.headersSent,
      evidence.httpStatus,
      evidence.bodyExcerpt === null ? null : storableText(evidence.bodyExcerpt),
      evidence.rawBody === null ? null : Buffer.from(evidence.rawBody),
      evidence.transportError,
      evidence.sentBody?.bytes ?? null,
      evidence.sentBody?.taken_bytes ?? null,
    ],
  );
}
