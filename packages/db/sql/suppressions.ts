import {
  type NumberDigest,
  type NumberDigests,
  type PackedDigests,
  start_bytes,
} from '@rollcall/privacy';
import type { Queryable, Transaction } from '../database.ts';

/**
 * The list of numbers that a tenant must not send, as digests. Its row in `store.suppression_lists` is locked first, and its version counted up
 * where something came or went, so that who held numbers to a version knows whether that was the list of now. Each entry has the version that
 * it came with, so that who held them to an older one has to look at no more than what came since.
 */

export type SuppressionReason = 'objection' | 'erasure';

/** The version of a tenant's list; 0: there never was an entry. */
export async function readSuppressionVersion(db: Queryable, tenantId: number): Promise<number> {
  const { rows } = await db.query<{ version: number }>(
    'SELECT version FROM store.suppression_lists WHERE tenant_id = $1',
    [tenantId],
  );
  return rows[0]?.version ?? 0;
}

/**
 * The beginnings of every entry of a tenant's list that came after a version of it, in one statement: read page by page, one that is moved to another secret meanwhile could be
 * passed over. 1,000,000 entries are 7 MB in 256 rows.
 */
export async function readSuppressions(
  db: Queryable,
  tenantId: number,
  since: number,
): Promise<readonly PackedDigests[]> {
  const { rows } = await db.query<PackedDigests>(
    `SELECT secret_id AS "secretId", string_agg(substring(digest FROM 1 FOR $2), '') AS starts FROM store.suppressions
      WHERE tenant_id = $1 AND version > $3 GROUP BY secret_id, get_byte(digest, 0)`,
    [tenantId, start_bytes, since],
  );
  return rows;
}

/** Whether a tenant's list has an entry under a secret that is not one of these. */
export async function hasOtherSecrets(
  db: Queryable,
  tenantId: number,
  secretIds: readonly string[],
): Promise<boolean> {
  const { rowCount } = await db.query(
    'SELECT FROM store.suppressions WHERE tenant_id = $1 AND secret_id <> ALL($2) LIMIT 1',
    [tenantId, secretIds],
  );
  return rowCount !== 0;
}

/** Which of these digests are entries. */
export async function findSuppressions(
  db: Queryable,
  tenantId: number,
  digests: readonly NumberDigest[],
): Promise<readonly NumberDigest[]> {
  const { rows } = await db.query<{ secretId: string; digest: Buffer }>(
    `SELECT s.secret_id AS "secretId", s.digest FROM unnest($2::text[], $3::bytea[]) AS asked (secret_id, digest)
       JOIN store.suppressions s ON s.tenant_id = $1 AND s.secret_id = asked.secret_id AND s.digest = asked.digest`,
    [tenantId, ...columnsOf(digests)],
  );
  return rows;
}

/**
 * Adds numbers; those that stand there under an older secret are moved to the current one, and one that is there for an objection and is erased
 * now is there for the erasure. Returns how many were not there before. Throws where no secret is configured.
 */
export async function addSuppressions(
  tx: Transaction,
  tenantId: number,
  given: readonly number[],
  digests: NumberDigests,
  why: SuppressionReason,
): Promise<number> {
  const numbers = [...new Set(given)].map((number) => digests.all(number));
  const version = await lockList(tx, tenantId);
  await knowCurrentSecret(tx, digests);
  const renewals = numbers.flatMap(([to, ...older]) =>
    to ? older.map((from) => ({ from, to })) : [],
  );
  await renewSuppressions(tx, tenantId, renewals, digests);
  const current = numbers.flatMap(([first]) => (first ? [first] : []));
  const added = await tx.query<{ isNew: boolean }>(
    `INSERT INTO store.suppressions (tenant_id, secret_id, digest, why, version)
     SELECT DISTINCT $1::integer, secret_id, digest, $4, $5::bigint FROM unnest($2::text[], $3::bytea[]) AS given (secret_id, digest)
     ON CONFLICT (tenant_id, secret_id, digest) DO UPDATE SET why = EXCLUDED.why WHERE EXCLUDED.why = 'erasure' AND suppressions.why <> EXCLUDED.why
     RETURNING xmax = 0 AS "isNew"`,
    [tenantId, ...columnsOf(current), why, version + 1],
  );
  const fresh = added.rows.filter(({ isNew }) => isNew).length;
  if (fresh > 0) await countUp(tx, tenantId);
  return fresh;
}

export type SuppressionsRemoved =
  /** How many of the numbers were on the list. */
  | { readonly kind: 'removed'; readonly count: number }
  /** Where in what was given numbers stand that an erasure promised never to be sent again; nothing was taken off. */
  | { readonly kind: 'of_erasures'; readonly at: readonly number[] };

/** Takes numbers, each given once, off the list, under whatever secret they stand there; those of erasures with `endsErasures` alone. */
export async function removeSuppressions(
  tx: Transaction,
  tenantId: number,
  numbers: readonly number[],
  digests: NumberDigests,
  { endsErasures }: { readonly endsErasures: boolean },
): Promise<SuppressionsRemoved> {
  await lockList(tx, tenantId);
  const entries = numbers.flatMap((number, at) =>
    digests.all(number).map((digest) => ({ at, digest })),
  );
  const given = [...columnsOf(entries.map(({ digest }) => digest)), entries.map(({ at }) => at)];
  if (!endsErasures) {
    const kept = await tx.query<{ at: number }>(
      `SELECT DISTINCT given.at FROM unnest($2::text[], $3::bytea[], $4::integer[]) AS given (secret_id, digest, at)
         JOIN store.suppressions s ON s.tenant_id = $1 AND s.secret_id = given.secret_id AND s.digest = given.digest WHERE s.why = 'erasure' ORDER BY 1`,
      [tenantId, ...given],
    );
    if (kept.rowCount !== 0) return { kind: 'of_erasures', at: kept.rows.map(({ at }) => at) };
  }
  const removed = await tx.query<{ at: number }>(
    `DELETE FROM store.suppressions s USING unnest($2::text[], $3::bytea[], $4::integer[]) AS given (secret_id, digest, at)
      WHERE s.tenant_id = $1 AND s.secret_id = given.secret_id AND s.digest = given.digest RETURNING given.at`,
    [tenantId, ...given],
  );
  const count = new Set(removed.rows.map(({ at }) => at)).size;
  if (count > 0) await countUp(tx, tenantId);
  return { kind: 'removed', count };
}

/** So that a process which has another secret by that name, or none, does not start. */
async function knowCurrentSecret(tx: Transaction, digests: NumberDigests): Promise<void> {
  if (digests.currentId === null) throw new Error('no suppression secret is configured');
  await tx.query(
    'INSERT INTO store.suppression_secrets (id, fingerprint) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    [digests.currentId, digests.fingerprint(digests.currentId)],
  );
}

/** An entry under an older secret, and the same number under the current one. */
export interface Renewal {
  readonly from: NumberDigest;
  readonly to: NumberDigest;
}

/**
 * Moves entries of a number that was seen to the current secret, so that an older one is needed by fewer. Changes nothing of the list, and waits for
 * whoever does: one who takes the number off would see it under neither secret.
 */
export async function renewSuppressions(
  tx: Transaction,
  tenantId: number,
  numbers: readonly Renewal[],
  digests: NumberDigests,
): Promise<void> {
  if (numbers.length === 0) return;
  await tx.query('SELECT FROM store.suppression_lists WHERE tenant_id = $1 FOR SHARE', [tenantId]);
  await knowCurrentSecret(tx, digests);
  const [fromIds, fromDigests] = columnsOf(numbers.map(({ from }) => from));
  const [toIds, toDigests] = columnsOf(numbers.map(({ to }) => to));
  await tx.query(
    `WITH moves AS (SELECT * FROM unnest($2::text[], $3::bytea[], $4::text[], $5::bytea[]) AS m (from_id, from_digest, to_id, to_digest)),
     gone AS (
       DELETE FROM store.suppressions s USING moves m
        WHERE s.tenant_id = $1 AND s.secret_id = m.from_id AND s.digest = m.from_digest
       RETURNING m.to_id, m.to_digest, s.why, s.version, s.created_at)
     INSERT INTO store.suppressions (tenant_id, secret_id, digest, why, version, created_at)
     SELECT $1, to_id, to_digest, why, version, created_at FROM gone ON CONFLICT DO NOTHING`,
    [tenantId, fromIds, fromDigests, toIds, toDigests],
  );
}

/** How many numbers a tenant's list has, by the secret that they stand under, and when it changed last. */
export async function countSuppressions(
  db: Queryable,
  tenantId: number,
): Promise<{
  readonly changedAt: Date | null;
  readonly entries: readonly {
    readonly secretId: string;
    readonly why: SuppressionReason;
    readonly numbers: number;
  }[];
}> {
  const list = await db.query<{ changed_at: Date }>(
    'SELECT changed_at FROM store.suppression_lists WHERE tenant_id = $1',
    [tenantId],
  );
  const { rows } = await db.query<{ secretId: string; why: SuppressionReason; numbers: number }>(
    `SELECT secret_id AS "secretId", why, count(*) AS numbers FROM store.suppressions WHERE tenant_id = $1 GROUP BY 1, 2 ORDER BY 1, 2`,
    [tenantId],
  );
  return { changedAt: list.rows[0]?.changed_at ?? null, entries: rows };
}

/** Locks the list until the transaction ends, and returns its version. */
async function lockList(tx: Transaction, tenantId: number): Promise<number> {
  const { rows } = await tx.query<{ version: number }>(
    `INSERT INTO store.suppression_lists (tenant_id) VALUES ($1)
     ON CONFLICT (tenant_id) DO UPDATE SET version = suppression_lists.version RETURNING version`,
    [tenantId],
  );
  return rows[0]?.version ?? 0;
}

/** Something came or went. What changes nothing is not counted: it would have numbers of jobs held to the list again. */
async function countUp(tx: Transaction, tenantId: number): Promise<void> {
  await tx.query(
    'UPDATE store.suppression_lists SET version = version + 1, changed_at = clock_timestamp() WHERE tenant_id = $1',
    [tenantId],
  );
}

const columnsOf = (digests: readonly NumberDigest[]): [string[], Buffer[]] => [
  digests.map(({ secretId }) => secretId),
  digests.map(({ digest }) => digest),
];
