import type { Job } from '@rollcall/contract';
import {
  countReplays,
  type Database,
  readAttention,
  readJob,
  readRejectReasons,
} from '@rollcall/db';
import { jobOf } from './job-view.ts';

/** A job of a tenant with all that is shown of it, or null where the tenant has no such job. */
export async function readWholeJob(
  database: Database,
  tenantId: number,
  jobId: string,
): Promise<Job | null> {
  // First alone: the others do not ask whose job it is.
  const row = await readJob(database, tenantId, jobId);
  if (!row) return null;
  const [attention, rejectReasons, replays] = await Promise.all([
    readAttention(database, jobId),
    readRejectReasons(database, jobId),
    countReplays(database, jobId),
  ]);
  return jobOf(row, attention, rejectReasons, replays, Date.now());
}
