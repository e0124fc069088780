import { type Database, readDropped } from '@rollcall/db';
import { type Refusal, refuse } from './refusal.ts';

/** Refuses to read what retention has dropped: an empty page would say that there never was anything. */
export async function refuseDropped(
  database: Database,
  tenantId: number,
  jobId: string,
  what: 'rows' | 'files',
): Promise<Refusal | null> {
  const dropped = await readDropped(database, tenantId, jobId);
  if (!dropped[what]) return null;
  if (what === 'rows' || dropped.rows) return refuse('rows_dropped');
  return refuse('rows_dropped', {
    detail: 'Its upload is not kept any more. Export its results with shape=results.',
  });
}
