import type { NumberDigests } from '@rollcall/privacy';
import type { Queryable } from '../database.ts';

/** What needs a secret, by what goes wrong where a process lacks it. */
const lacking: Readonly<Record<string, string>> = {
  suppressions:
    'the suppression list has numbers under the secret {id}, which is not configured; add it behind the current one, or they would be sent',
  erased_numbers:
    'numbers were erased under the secret {id}, which is not configured, from jobs whose rows are kept; add it behind the current one until they are dropped, or a file that comes later would bring them back',
  erasures:
    'numbers are being erased under the secret {id}, which is not configured; add it behind the current one, or a file that comes later would bring them back',
};

/**
 * Tells what is wrong with the configured secrets: an entry whose secret this process lacks, or has another under the same
 * id, would be looked for and not found, and its number be sent. Such a process must not start.
 */
export async function checkSuppressionSecrets(
  db: Queryable,
  digests: NumberDigests,
): Promise<readonly string[]> {
  const known = await db.query<{ id: string; fingerprint: Buffer; uses: readonly string[] }>(
    'SELECT id, fingerprint, store.uses_of_secret(id) AS uses FROM store.suppression_secrets ORDER BY id',
  );
  const problems: string[] = [];
  for (const { id, fingerprint, uses } of known.rows) {
    if (!digests.ids.includes(id)) {
      for (const use of uses) {
        problems.push(`ROLLCALL_SUPPRESSION_SECRETS: ${(lacking[use] ?? use).replace('{id}', id)}`);
      }
    } else if (!digests.fingerprint(id).equals(fingerprint)) {
      problems.push(
        `ROLLCALL_SUPPRESSION_SECRETS: the secret ${id} is another than the one that was used before; give the new one an id of its own, and keep ${id} as it was`,
      );
    }
  }
  return problems;
}

/** What of a tenant stands under a secret. */
export interface SecretUse {
  readonly secretId: string;
  /** Entries of its list. */
  readonly numbers: number;
  /** Numbers of jobs whose rows are kept, erased or about to be: each needs the secret, once for every job. */
  readonly erased: number;
  /** Erasures that are done: who wants to know of which number one is needs the secret, and no process does. */
  readonly receipts: number;
}

/** Of every secret that a tenant has something under. */
export async function countSecretUses(
  db: Queryable,
  tenantId: number,
): Promise<readonly SecretUse[]> {
  const { rows } = await db.query<SecretUse>(
    `SELECT secret_id AS "secretId", sum(numbers)::bigint AS numbers, sum(erased)::bigint AS erased, sum(receipts)::bigint AS receipts
       FROM (SELECT secret_id, count(*) AS numbers, 0 AS erased, 0 AS receipts FROM store.suppressions WHERE tenant_id = $1 GROUP BY 1
             UNION ALL SELECT secret_id, 0, count(*), 0 FROM store.erased_numbers WHERE tenant_id = $1 GROUP BY 1
             UNION ALL SELECT secret_id, 0, count(*) FILTER (WHERE done_at IS NULL), count(*) FILTER (WHERE done_at IS NOT NULL)
               FROM store.erasures WHERE tenant_id = $1 GROUP BY 1) AS uses
      GROUP BY secret_id ORDER BY secret_id`,
    [tenantId],
  );
  return rows;
}
