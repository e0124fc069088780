import type { CreateJobOptions } from '@rollcall/contract';
import { type Intake, type ReadNumbersOptions, readNumbers } from '@rollcall/numbers';
import { scrub } from '@rollcall/telemetry';
import { type Refusal, refuse } from '../refusal.ts';
import { nameLimit } from './name-limit.ts';
import type { IntakeLimits } from './read-outcome.ts';

/** The options that the numbers cannot be read without. */
export type ReadingOptions = Pick<CreateJobOptions, 'default_region' | 'column'>;

/** Reads the numbers of an upload while it arrives; what is wrong with it becomes a refusal of the API. */
export async function readUpload(
  bytes: AsyncIterable<Uint8Array>,
  options: ReadingOptions,
  limits: IntakeLimits,
  format?: ReadNumbersOptions['format'],
): Promise<{ readonly kind: 'read'; readonly intake: Intake } | Refusal> {
  const read = await readNumbers(bytes, {
    ...limits,
    format,
    defaultRegion: options.default_region,
    column: options.column,
  });
  if (read.kind === 'read') return read;
  // Of a limit it says nothing of the caller's, and the limit itself would be taken for a number.
  if (read.limit !== undefined) {
    const detail = `${read.message} ${nameLimit(read.limit)}`;
    return refuse(read.code, { detail, line: read.line });
  }
  // Column names are the caller's own words, and callers write numbers anywhere.
  return refuse(read.code, { detail: scrub(read.message), line: read.line });
}
