import {
  type HeldNumbers,
  leaveOutSuppressed,
  type LoadedSubmit,
  lookLater,
  numbersOfChunk,
  passSuppressions,
  type Transaction,
} from '@rollcall/db';
import type { Equipment } from './equipment.ts';

/** Holding a chunk that is about to be claimed to its tenant's suppression list. */

const laterLook_ms = 2_000;

/** Somebody puts one number of this chunk after the other on the list, faster than it is looked at. */
export async function leaveToLater({ db, log }: Equipment, loaded: LoadedSubmit): Promise<void> {
  await db.transaction('submit.leave_out', (tx) => lookLater(tx, loaded, laterLook_ms));
  log.warn('chunk.list_changing', {
    job: loaded.jobId,
    chunk: loaded.chunkId,
    account: loaded.account,
  });
}

/** The numbers of a chunk that are sent, to be held to the list as it changes. */
export async function numbersOf(
  { db, suppressions }: Equipment,
  { tenantId, jobNo, jobDay, numbersInRange, facts }: LoadedSubmit,
): Promise<HeldNumbers> {
  const numbers = await numbersOfChunk(db, jobNo, jobDay, numbersInRange, facts.chunk.numbers);
  return suppressions.hold(tenantId, numbers);
}

/** Takes what came on the suppression list out of a chunk. False: the chunk moved meanwhile. */
export async function holdToList(
  { db, log }: Equipment,
  loaded: LoadedSubmit,
  numbers: HeldNumbers,
): Promise<boolean> {
  const found = await numbers.since(db, loaded.suppressionChecked);
  const stands = await db.transaction('submit.leave_out', (tx) =>
    leaveOutSuppressed(tx, loaded, found),
  );
  if (stands && found.suppressed.length > 0) {
    log.info('chunk.numbers_suppressed', {
      job: loaded.jobId,
      chunk: loaded.chunkId,
      account: loaded.account,
      counts: { numbers: found.suppressed.length },
    });
  }
  return stands;
}

/** Whether nothing that came on the list since belongs to the chunk. Only of numbers that are digested, since the account waits. */
export async function passesList(
  tx: Transaction,
  loaded: LoadedSubmit,
  numbers: HeldNumbers | null,
): Promise<boolean> {
  if (numbers === null) return false;
  const found = await numbers.since(tx, loaded.suppressionChecked);
  if (found.suppressed.length > 0) return false;
  await passSuppressions(tx, loaded.chunkId, found.version);
  return true;
}
