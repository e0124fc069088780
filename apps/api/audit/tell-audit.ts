import { appendAudit, type AuditEntry, type Database } from '@rollcall/db';

/** Appends rows of one chain to the audit trail, in a transaction of their own: of what is not done in a transaction itself. */
export async function tellAudit(
  database: Database,
  tenantId: number | null,
  entries: readonly Omit<AuditEntry, 'tenantId'>[],
): Promise<void> {
  const on = tenantId === null ? database.ofInstallation : database.ofTenant(tenantId);
  const told = entries.map((entry) => ({ ...entry, tenantId }));
  await on.transaction('audit.append', (tx) => appendAudit(tx, ...told));
}
