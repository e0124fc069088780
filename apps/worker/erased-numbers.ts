import { type ChunkToRead, readErasedNumbers } from '@rollcall/db';
import { DigestSet } from '@rollcall/privacy';
import type { Equipment } from './equipment.ts';

/** Tells of a number whether it was erased from a chunk's job: a file that was not written anew has it. Null: none was, which is nearly always so. */
export async function erasedOf(
  { db, digests }: Pick<Equipment, 'db' | 'digests'>,
  chunk: Pick<ChunkToRead, 'jobNo' | 'jobDay'>,
): Promise<((number: number) => boolean) | null> {
  const erased = await readErasedNumbers(db, chunk);
  return erased.length === 0 ? null : new DigestSet(erased).asker(digests);
}
