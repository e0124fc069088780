import type { Transaction } from '../database.ts';
import type { AuditAction } from './audit-actions.ts';
import { storableJson } from './storable.ts';

/** A row of the audit trail as it is written: no phone number anywhere, and what looks like one in free text is masked. */
export interface AuditEntry {
  /** Null: no tenant is known, e.g. of a request without a key; such rows are the installation's. */
  readonly tenantId: number | null;
  /** `key_… (name)`, `address …`, or `system`. */
  readonly actor: string;
  readonly action: Exclude<AuditAction, 'audit.cut'>;
  /** The id of what it was done to; never a number. */
  readonly subject: string | null;
  /** Why, in the words of who asked. */
  readonly purpose?: string | null;
  /** How many of what; whole, below 10⁹. */
  readonly counts?: Readonly<Record<string, number>>;
  readonly detail?: Readonly<Record<string, string>>;
}

/** Who did something, in whose chain it is told. */
export type Actor = Pick<AuditEntry, 'tenantId' | 'actor'>;

/** Nobody: a program by itself. */
export const system = 'system';

/**
 * Appends to the chain of a tenant, or of the installation, in the order given. The last statement of the transaction that does the thing: from here to
 * its COMMIT everybody who appends to that chain waits.
 */
export async function appendAudit(
  tx: Transaction,
  ...entries: readonly AuditEntry[]
): Promise<void> {
  await tx.query(
    `SELECT store.append_audit(tenant_id, actor, action, subject, purpose, counts, detail)
       FROM jsonb_to_recordset($1) AS told (tenant_id integer, actor text, action text, subject text, purpose text, counts jsonb, detail jsonb)`,
    [storableJson(entries.map(({ tenantId, ...told }) => ({ ...told, tenant_id: tenantId })))],
  );
}
