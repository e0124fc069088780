import type { ErasureId } from '@rollcall/domain';
import type { NumberDigests } from '@rollcall/privacy';
import type { Queryable, Transaction } from '../database.ts';
import { appendAudit } from './audit-trail.ts';
import { addSuppressions } from './suppressions.ts';

/** Asking for an erasure, and its receipt. A worker does it; see erase-number.ts. */

export interface NewErasure {
  readonly id: ErasureId;
  readonly tenantId: number;
  readonly number: number;
  /** `key_… (name)`. */
  readonly askedBy: string;
  readonly requestedBy: string;
  readonly reason: string;
}

/**
 * Asks for a number to be erased, and puts it on the suppression list, so that it does not come back. Where it is being erased already the
 * answer is that erasure. Throws where no secret is configured.
 */
export async function askErasure(
  tx: Transaction,
  erasure: NewErasure,
  digests: NumberDigests,
): Promise<{ readonly id: ErasureId; readonly isNew: boolean }> {
  const { id, tenantId, number, askedBy, requestedBy, reason } = erasure;
  // It locks the list, so that one who asks for the same waits here.
  await addSuppressions(tx, tenantId, [number], digests, 'erasure');
  const open = await tx.query<{ id: ErasureId }>(
    'SELECT id FROM store.erasures WHERE tenant_id = $1 AND number = $2',
    [tenantId, number],
  );
  const before = open.rows[0];
  if (before) return { id: before.id, isNew: false };
  const [current] = digests.all(number);
  await tx.query(
    `INSERT INTO store.erasures (id, tenant_id, number, secret_id, digest, asked_by, requested_by, reason)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [id, tenantId, number, current?.secretId, current?.digest, askedBy, requestedBy, reason],
  );
  await appendAudit(tx, {
    tenantId,
    actor: askedBy,
    action: 'erasure.asked',
    subject: id,
    purpose: reason,
    detail: { requested_by: requestedBy },
  });
  return { id, isNew: true };
}

export interface ErasureRow {
  readonly id: ErasureId;
  readonly secretId: string;
  readonly digest: Buffer;
  readonly askedBy: string;
  readonly requestedBy: string;
  readonly reason: string;
  readonly askedAt: Date;
  readonly doneAt: Date | null;
  /** Rows that were removed or changed, by table. */
  readonly removed: Readonly<Record<string, number>>;
  /** Whom the number was or may have been sent to, of jobs whose rows were kept. */
  readonly recipients: readonly {
    readonly account: string;
    /** Scheme, host and port. */
    readonly provider: string;
    readonly uploads: readonly {
      readonly attemptId: string;
      readonly chunkId: string;
      readonly sentAt: Date;
    }[];
  }[];
  readonly files: readonly {
    readonly file: string;
    readonly kind: 'upload' | 'artifact';
    /** Its SHA-256 before, digested under a secret. Null: it is found, and not written anew yet. */
    readonly old: { readonly secret: string; readonly hmac_sha256: string } | null;
    /** Null as well where it could not be written anew, and was removed. */
    readonly newSha256: string | null;
    readonly doneAt: Date | null;
  }[];
}

/** A tenant's receipt, or null. */
export async function readErasure(
  db: Queryable,
  tenantId: number,
  id: string,
): Promise<ErasureRow | null> {
  const { rows } = await db.query<Omit<ErasureRow, 'files' | 'recipients'>>(
    `SELECT id, secret_id AS "secretId", digest, asked_by AS "askedBy", requested_by AS "requestedBy", reason, asked_at AS "askedAt",
            done_at AS "doneAt", removed
       FROM store.erasures WHERE id = $1 AND tenant_id = $2`,
    [id, tenantId],
  );
  const row = rows[0];
  if (!row) return null;
  const files = await db.query<ErasureRow['files'][number]>(
    `SELECT blob_id AS file, kind, CASE WHEN old_hmac IS NOT NULL THEN jsonb_build_object('secret', old_secret_id, 'hmac_sha256', encode(old_hmac, 'hex')) END AS old,
             encode(new_sha256, 'hex') AS "newSha256", done_at AS "doneAt"
       FROM store.erased_files WHERE erasure_id = $1 AND tenant_id = $2 ORDER BY blob_id`,
    [id, tenantId],
  );
  return { ...row, recipients: await readRecipients(db, tenantId, id), files: files.rows };
}

/** As the record of processing counts what was sent: all uploads but those that are known not to have left. */
async function readRecipients(
  db: Queryable,
  tenantId: number,
  id: string,
): Promise<ErasureRow['recipients']> {
  const { rows } = await db.query<{
    account: string;
    provider: string;
    attemptId: string;
    chunkId: string;
    sentAt: Date;
  }>(
    `SELECT a.account, a.provider_origin AS provider, a.id AS "attemptId", a.chunk_id AS "chunkId", a.created_at AS "sentAt"
       FROM store.erasures e JOIN store.attempts a ON a.id = ANY(e.sent_in) AND a.tenant_id = e.tenant_id
      WHERE e.id = $1 AND e.tenant_id = $2 AND a.outcome <> 'not_sent' ORDER BY a.created_at, a.id`,
    [id, tenantId],
  );
  const byRecipient = Map.groupBy(rows, ({ account, provider }) => `${account} ${provider}`);
  return [...byRecipient.values()].flatMap((uploads) => {
    const [first] = uploads;
    if (!first) return [];
    const { account, provider } = first;
    const each = uploads.map(({ attemptId, chunkId, sentAt }) => ({ attemptId, chunkId, sentAt }));
    return [{ account, provider, uploads: each }];
  });
}
