import { createHash } from 'node:crypto';

/** A row of the audit trail as any program can have it: text, numbers and hex. */
export interface AuditRow {
  /** The tenant's id; 0: the installation. */
  readonly chain: number;
  /** From 1, without gaps. */
  readonly number: number;
  /** UTC with microseconds, `2026-11-22T09:31:00.000000Z`. */
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string | null;
  readonly purpose: string | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly detail: Readonly<Record<string, string>>;
  /** SHA-256 in hex of the row before; of a chain's first row 64 zeros. */
  readonly prev_hash: string;
  readonly hash: string;
}

/** The columns of `AuditRow` out of store.audit_trail. */
export const auditColumns = `chain, number, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, actor, action, subject, purpose,
  counts, detail, encode(prev_hash, 'hex') AS prev_hash, encode(hash, 'hex') AS hash`;

export const firstHash = '0'.repeat(64);

/**
 * The hash that a row must have, out of its other columns alone: SHA-256 over a JSON array without spaces. Postgres makes the same when it
 * writes (`store.audit_text`); it is written twice, so that who changes the one is found by the other.
 */
export function auditHash(row: Omit<AuditRow, 'hash'>): string {
  const { chain, number, at, actor, action, subject, purpose, counts, detail, prev_hash } = row;
  const text = JSON.stringify([
    chain,
    number,
    at,
    actor,
    action,
    subject,
    purpose,
    pairsOf(counts),
    pairsOf(detail),
    prev_hash,
  ]);
  return createHash('sha256').update(text).digest('hex');
}

/** In the order of the names' bytes. */
function pairsOf(map: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(map).sort(([left], [right]) =>
    Buffer.compare(Buffer.from(left), Buffer.from(right)),
  );
}
