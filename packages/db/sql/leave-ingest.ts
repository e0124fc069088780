import type { ArtifactId } from '@rollcall/domain';
import type { Transaction } from '../database.ts';
import type { IngestClaim } from './claim-ingest.ts';
import { storableText } from './storable.ts';

export type IngestStep =
  | { readonly kind: 'retry'; readonly due_ms: number }
  /** As retry, and no try is counted: what is in the way is no fault of this chunk and passes for all of them at once. */
  | { readonly kind: 'wait'; readonly due_ms: number }
  | { readonly kind: 'refresh'; readonly due_ms: number; readonly deadline_ms: number }
  | {
      readonly kind: 'hold';
      readonly reason: 'poll' | 'artifact';
      readonly code: string;
      readonly verdict: 'unreadable' | 'mismatch' | 'unconfirmed' | null;
      readonly detail: string | null;
    };

/** Ends a claim without rows: again later, a fresh locator first, or held for a person. False: the claim was gone. */
export async function leaveIngest(
  tx: Transaction,
  claim: IngestClaim,
  artifactId: ArtifactId | null,
  step: IngestStep,
): Promise<boolean> {
  const where = "WHERE id = $1 AND fence = $2 AND state = 'ingesting'";
  const values = [claim.chunkId, claim.fence];
  switch (step.kind) {
    case 'retry':
    case 'wait':
      return (
        (
          await tx.query(
            `UPDATE store.chunks SET state = 'result_ready', ingest_tries = ingest_tries + $4, due_at = to_timestamp($3::float8 / 1000), rung_at = NULL ${where}`,
            [...values, step.due_ms, step.kind === 'retry' ? 1 : 0],
          )
        ).rowCount === 1
      );
    case 'refresh':
      return (
        (
          await tx.query(
            `UPDATE store.chunks SET state = 'polling', locator = NULL, locator_refreshes = locator_refreshes + 1, rung_at = NULL,
                  due_at = to_timestamp($3::float8 / 1000), poll_deadline_at = greatest(poll_deadline_at, to_timestamp($4::float8 / 1000)) ${where}`,
            [...values, step.due_ms, step.deadline_ms],
          )
        ).rowCount === 1
      );
    case 'hold': {
      if (artifactId !== null && step.verdict !== null) {
        await tx.query(
          'UPDATE store.artifacts SET verdict = $2, verdict_code = $3, verdict_detail = $4 WHERE id = $1',
          [
            artifactId,
            step.verdict,
            step.code,
            step.detail === null ? null : storableText(step.detail),
          ],
        );
      }
      return (
        (
          await tx.query(
            `UPDATE store.chunks SET state = 'held', reason = $3, held_detail = $4, due_at = NULL, artifact_id = COALESCE($5, artifact_id), fence = fence + 1 ${where}`,
            [...values, step.reason, step.code, artifactId],
          )
        ).rowCount === 1
      );
    }
  }
}
