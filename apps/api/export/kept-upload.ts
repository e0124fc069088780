import { type Database, type ExportedJob, findUpload, postgresBlobs } from '@rollcall/db';
import type { KeptUpload } from '@rollcall/numbers';
import { z } from 'zod';

/** What intake wrote down of how it read the upload. */
const readingSchema = z.object({
  format: z.enum(['txt', 'csv', 'tsv', 'json', 'xlsx']),
  header: z.array(z.string()).optional(),
  column: z.object({ index: z.int().min(1), name: z.string().optional() }).optional(),
});

/** The upload of a job as it was kept, or null where there is none: a retry has none. */
export async function findKeptUpload(
  database: Database,
  job: ExportedJob,
): Promise<KeptUpload | null> {
  if (job.reading === null) return null;
  const encoding = await findUpload(database, job);
  if (encoding === null) return null;
  const { format, header, column } = readingSchema.parse(job.reading);
  return {
    bytes: postgresBlobs(database).read(job.id, job.jobDay),
    encoding,
    format,
    header,
    column: column && {
      index: column.index,
      ...(column.name !== undefined && { name: column.name }),
    },
    defaultRegion: job.defaultRegion ?? undefined,
  };
}
