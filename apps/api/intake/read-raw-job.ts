import { createJobOptionsSchema } from '@rollcall/contract';
import { refuse } from '../refusal.ts';
import { fieldErrors } from '../validation-errors.ts';
import type { IntakeLimits, JobRequestOutcome } from './read-outcome.ts';
import { readUpload } from './read-upload.ts';

/**
 * Reads a body that is the file itself, with the options in the query string. What kind of file it is, its content tells:
 * half of the world sends csv as text/plain, and gzip under any name.
 */
export async function readRawJob(
  query: unknown,
  body: AsyncIterable<Buffer>,
  limits: IntakeLimits,
): Promise<JobRequestOutcome> {
  const parsed = createJobOptionsSchema.safeParse(query);
  if (!parsed.success) {
    return refuse('invalid_request', { errors: fieldErrors(parsed.error.issues, 'query', query) });
  }
  const read = await readUpload(body, parsed.data, limits);
  if (read.kind === 'refused') return read;
  return { kind: 'read', options: parsed.data, intake: read.intake };
}
