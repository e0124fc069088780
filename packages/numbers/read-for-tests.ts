// What the tests of reading share: small limits, and an upload read whole.
import type { Intake } from './intake.ts';
import type { ReadNumbersOptions } from './read-numbers.ts';
import { readNumbers } from './read-numbers.ts';
import type { Refusal } from './read-outcome.ts';
import type { Reject } from './reject.ts';

export const limits = { maxLines: 1000, maxLineBytes: 4096, maxBytes: 1 << 20 };

type Source = string | Uint8Array;

/** Feeds bytes in pieces of a size, so that every record gets cut somewhere. */
async function* inPieces(source: Source, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(source);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export async function read(
  source: Source,
  options: Partial<ReadNumbersOptions> = {},
  size = 65536,
): Promise<Intake> {
  const outcome = await readNumbers(inPieces(source, size), { ...limits, ...options });
  if (outcome.kind === 'refused') throw new Error(`${outcome.code}: ${outcome.message}`);
  return outcome.intake;
}

export async function refused(
  source: Source,
  options: Partial<ReadNumbersOptions> = {},
  size = 65536,
): Promise<Refusal> {
  const outcome = await readNumbers(inPieces(source, size), { ...limits, ...options });
  if (outcome.kind === 'read') {
    await outcome.intake.close();
    throw new Error('was read');
  }
  return outcome;
}

export async function numbersOf(intake: Intake): Promise<number[]> {
  const numbers: number[] = [];
  for await (const batch of intake.sortedNumbers()) numbers.push(...batch);
  return numbers;
}

export async function rejectsOf(intake: Intake): Promise<Reject[]> {
  const rejects: Reject[] = [];
  for await (const batch of intake.rejects()) rejects.push(...batch);
  return rejects;
}

export async function originalOf(intake: Intake): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of intake.original()) pieces.push(piece);
  return Buffer.concat(pieces);
}

export async function digest(intake: Intake): Promise<unknown> {
  return {
    format: intake.format,
    header: intake.header,
    column: intake.column,
    counts: [intake.lines, intake.accepted, intake.duplicates, intake.rejected],
    numbers: await numbersOf(intake),
    rejects: await rejectsOf(intake),
    sha: intake.originalSha256,
  };
}

export const a = 447911123456;
export const b = 447911123457;
export const c = 12133734253;
