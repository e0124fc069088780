import type { Queryable } from '../database.ts';

/** The state of a tenant's job, or null where the tenant has no such job. Cheap: counts nothing. */
export async function readJobState(
  db: Queryable,
  tenantId: number,
  jobId: string,
): Promise<string | null> {
  const { rows } = await db.query<{ state: string }>(
    'SELECT state FROM store.jobs WHERE id = $1 AND tenant_id = $2',
    [jobId, tenantId],
  );
  return rows[0]?.state ?? null;
}
