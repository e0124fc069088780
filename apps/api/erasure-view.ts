import type { Erasure } from '@rollcall/contract';
import type { ErasureRow } from '@rollcall/db';

const hours_ms = 3_600_000;
const within_hours = 72;

/** A receipt as the contract shows it. */
export function erasureViewOf(row: ErasureRow): Erasure {
  return {
    id: row.id,
    state: row.doneAt === null ? 'waiting' : 'done',
    reference: { secret: row.secretId, hmac_sha256: row.digest.toString('hex') },
    asked_by: row.askedBy,
    requested_by: row.requestedBy,
    reason: row.reason,
    asked_at: row.askedAt.toISOString(),
    due_at: new Date(row.askedAt.getTime() + within_hours * hours_ms).toISOString(),
    done_at: row.doneAt?.toISOString() ?? null,
    removed: row.removed,
    recipients: row.recipients.map(({ account, provider, uploads }) => ({
      account,
      provider,
      uploads: uploads.map(({ attemptId, chunkId, sentAt }) => ({
        attempt_id: attemptId,
        chunk_id: chunkId,
        sent_at: sentAt.toISOString(),
      })),
    })),
    files: row.files.map(({ file, kind, old, newSha256, doneAt }) => ({
      file,
      kind,
      state: doneAt === null ? 'waiting' : newSha256 === null ? 'removed' : 'rewritten',
      old,
      new_sha256: newSha256,
    })),
  };
}
