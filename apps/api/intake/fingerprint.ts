import { createHash } from 'node:crypto';
import type { CreateJobOptions } from '@rollcall/contract';

/**
 * What makes two requests with one Idempotency-Key the same: the options as given, in any order, and the upload's
 * SHA-256. The account that a default led to is left out, so that a changed default does not turn a retry into another
 * request.
 */
export function fingerprintOf(options: CreateJobOptions, uploadSha256: string): Buffer {
  const given = Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([given, uploadSha256]))
    .digest();
}
