import { type AuditRow, auditColumns } from '../audit-row.ts';
import type { Queryable } from '../database.ts';

/** What is absent is not asked for. */
export interface AuditFilter {
  readonly action?: string | undefined;
  /** Id of the key that did it. */
  readonly key?: string | undefined;
  readonly subject?: string | undefined;
  /** From then on, and before then; ISO 8601. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** A tenant's audit trail, newest first. `before`: the number of the last row of the page before. */
export async function readAudit(
  db: Queryable,
  tenantId: number,
  filter: AuditFilter,
  page: { readonly before: number | null; readonly limit: number },
): Promise<readonly AuditRow[]> {
  const { rows } = await db.query<AuditRow>(
    `SELECT ${auditColumns} FROM store.audit_trail
      WHERE chain = $1 AND tenant_id = $1 AND ($2::bigint IS NULL OR number < $2)
        AND ($3::text IS NULL OR action = $3) AND ($4::text IS NULL OR actor = $4 OR starts_with(actor, $4 || ' '))
        AND ($5::text IS NULL OR subject = $5) AND ($6::timestamptz IS NULL OR at >= $6) AND ($7::timestamptz IS NULL OR at < $7)
      ORDER BY number DESC LIMIT $8`,
    [
      tenantId,
      page.before,
      filter.action ?? null,
      filter.key ?? null,
      filter.subject ?? null,
      filter.from ?? null,
      filter.to ?? null,
      page.limit,
    ],
  );
  return rows;
}
