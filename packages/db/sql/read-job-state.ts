import type { Queryable } from '../database.ts';

/** Whether retention dropped a job's rows and its files. Of a job that is not there nothing was dropped. */
export async function readDropped(
  db: Queryable,
  tenantId: number,
  jobId: string,
): Promise<{ readonly rows: boolean; readonly files: boolean }> {
  const { rows } = await db.query<{ rows: boolean; files: boolean }>(
    'SELECT rows_dropped_at IS NOT NULL AS rows, files_dropped_at IS NOT NULL AS files FROM store.jobs WHERE id = $1 AND tenant_id = $2',
    [jobId, tenantId],
  );
  return rows[0] ?? { rows: false, files: false };
}

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

/** Those of these jobs that are the tenant's. */
export async function ownJobs(
  db: Queryable,
  tenantId: number,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ id: string }>(
    'SELECT id FROM store.jobs WHERE tenant_id = $1 AND id = ANY($2)',
    [tenantId, ids],
  );
  return new Set(rows.map(({ id }) => id));
}
