import type { JobId } from '@rollcall/domain';
import type { Queryable } from '../database.ts';

/**
 * The place in a trace that all work on a job belongs to, as W3C `traceparent`. It is stored with the job and not sent with
 * doorbells: a queue that is emptied loses no trace, and a doorbell stays ids only. A job that was received while nobody
 * traced has a place of its own, made from its id: its UUID is as long as a trace's id, so that its stages are still one trace.
 */
export async function jobTraceparent(db: Queryable, jobId: string): Promise<string> {
  const { rows } = await db.query<{ traceparent: string | null }>(
    'SELECT traceparent FROM store.jobs WHERE id = $1',
    [jobId],
  );
  return rows[0]?.traceparent ?? ownTraceparent(jobId);
}

/** The same for the job of a chunk; null where there is no such chunk. */
export async function jobTraceOfChunk(
  db: Queryable,
  chunkId: string,
): Promise<{ readonly jobId: JobId; readonly traceparent: string } | null> {
  const { rows } = await db.query<{ id: JobId; traceparent: string | null }>(
    'SELECT j.id, j.traceparent FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no WHERE c.id = $1',
    [chunkId],
  );
  const [job] = rows;
  return job ? { jobId: job.id, traceparent: job.traceparent ?? ownTraceparent(job.id) } : null;
}

function ownTraceparent(jobId: string): string {
  const traceId = jobId.slice('job_'.length).replaceAll('-', '');
  return `00-${traceId}-${traceId.slice(16)}-01`;
}
