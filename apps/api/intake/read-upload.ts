import type { CreateJobOptions } from '@rollcall/contract';
import { type Intake, type ReadNumbersOptions, readNumbers } from '@rollcall/numbers';
import { scrub } from '@rollcall/telemetry';
import { type Refusal, refuse } from '../refusal.ts';
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
  // Column names are the caller's own words, and callers write numbers anywhere.
  return refuse(read.code, { detail: scrub(read.message), line: read.line });
}
