import { randomBytes } from 'node:crypto';
import { askReplay, type Database } from '@rollcall/db';
import { type ChunkId, makeId } from '@rollcall/domain';

/** Asks for a chunk's file to be read again; `apply`: and for its rows to be replaced. */
export async function askAgain(db: Database, chunkId: string, apply: boolean): Promise<void> {
  const asked = await askReplay(db, {
    id: makeId('replay', Date.now(), randomBytes(10)),
    chunkId: chunkId as ChunkId,
    apply,
    by: { tenantId: 1, decidedBy: 'ana', why: 'a test' },
  });
  if (asked.kind !== 'asked') throw new Error(`the replay was not asked for: ${asked.kind}`);
}
