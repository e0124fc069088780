import type { WholeChunk, WholeHold } from '@rollcall/contract';
import {
  type Database,
  readAttempts,
  readChunk,
  readDecisions,
  readEvidence,
  readHeldUpload,
  readHold,
  readPolls,
} from '@rollcall/db';
import { wholeChunkOf } from './chunk-view.ts';
import { wholeHoldOf } from './hold-view.ts';

const pollsShown = 20;
/** An attempt has at most 20 free tries, and few chunks are paid for more than twice. */
const evidenceShown = 200;

/** A tenant's chunk with all that is shown of it, or null; of the job, where one is named. */
export async function readWholeChunk(
  database: Database,
  tenantId: number,
  chunkId: string,
  jobId: string | null,
): Promise<WholeChunk | null> {
  const row = await readChunk(database, tenantId, chunkId, jobId);
  if (!row) return null;
  const [attempts, polls, decisions] = await Promise.all([
    readAttempts(database, tenantId, chunkId),
    readPolls(database, tenantId, chunkId, pollsShown),
    readDecisions(database, tenantId, chunkId),
  ]);
  return wholeChunkOf(row, attempts, polls, decisions);
}

/** A tenant's held chunk with its evidence, or null where it is none or not held. */
export async function readWholeHold(
  database: Database,
  tenantId: number,
  chunkId: string,
): Promise<WholeHold | null> {
  const row = await readHold(database, tenantId, chunkId);
  if (!row) return null;
  const [upload, evidence, decisions] = await Promise.all([
    readHeldUpload(database, tenantId, chunkId),
    readEvidence(database, tenantId, chunkId, evidenceShown),
    readDecisions(database, tenantId, chunkId),
  ]);
  // Decided while it was read: it is no hold any more.
  return upload && wholeHoldOf(row, upload, evidence, decisions);
}
