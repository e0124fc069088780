import {
  claimErasures,
  deferErasures,
  dropNotes,
  dropOldIntakes,
  type ErasureClaim,
  eraseFromJob,
  eraseFromRows,
  filesToRewrite,
  finishErasure,
  jobsWithNumber,
  type KeptFile,
  nationalSpellingsOf,
  type NationalSpellings,
  noteRemoved,
  putOffNotes,
  readErasedNumbers,
  readRegions,
  seeErasureAgain,
  seeErasures,
  stepsThroughRows,
  type Transaction,
} from '@rollcall/db';
import { callingCodeOf } from '@rollcall/numbers';
import { DigestSet } from '@rollcall/privacy';
import type { Counts, Equipment } from '../equipment.ts';
import { eraseFromFiles, type FilesLookedThrough, sayFailed } from '../erase-from-files.ts';
import { rewriteFile, type RewrittenFile } from '../rewrite-file.ts';
import type { SoughtNumbers } from '../sought-numbers.ts';

/** How long a worker that went silent keeps erasures; each step of any of them, and every file that it looked through, counts anew. */
const lease_ms = 600_000;
/** A job that is not cut yet is within a second or so, or an hour where nobody offers its check. */
const unplannedWait_ms = 5_000;
/** A file that could not be written anew: a disk is full, or something is wrong with it. */
const failedWait_ms = 300_000;
const filesAtOnce = 20;
/** Of one tenant; more begin together when these are done. */
const erasuresAtOnce = 50;

/** Erases the numbers that were asked for, tenant by tenant, and writes files anew that came with an erased number after that. */
export async function erase(equipment: Equipment): Promise<Counts> {
  const counts = { erased: 0, waiting: 0, files: await rewriteNoted(equipment) };
  const failures: unknown[] = [];
  await equipment.db.transaction('sweep.see_erasures', async (tx) => {
    await dropOldIntakes(tx);
    await seeErasures(tx);
  });
  while (!equipment.stopping.aborted) {
    const erasures = await equipment.db.transaction('sweep.claim_erasure', (tx) =>
      claimErasures(tx, lease_ms, erasuresAtOnce),
    );
    const [first] = erasures;
    if (first === undefined) break;
    const done = await eraseTogether(equipment, first.tenantId, erasures, failures);
    counts.erased += done;
    counts.waiting += erasures.length - done;
  }
  if (failures.length > 0) throw failures[0];
  return counts;
}

/** Erases some numbers of a tenant; returns how many are. The others are looked at again in a while, or, where one failed, when its lease ends. */
async function eraseTogether(
  equipment: Equipment,
  tenantId: number,
  erasures: readonly ErasureClaim[],
  failures: unknown[],
): Promise<number> {
  const inHand = new Set(erasures.map(({ id }) => id));
  const keep = (tx: Transaction) => deferErasures(tx, [...inHand], lease_ms);
  /** One that fails is said; those behind it do not wait. */
  async function attempt<T>(erasure: ErasureClaim, work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      sayFailed(equipment, erasure.id, error);
      failures.push(error);
      return null;
    }
  }
  const outOfRows: ErasureClaim[] = [];
  for (const erasure of erasures) {
    if (await attempt(erasure, () => eraseFromTables(equipment, erasure, keep))) {
      outOfRows.push(erasure);
    } else {
      inHand.delete(erasure.id);
    }
  }
  const [first] = outOfRows;
  if (first === undefined) return 0;
  const files = await attempt(first, () => eraseFromFiles(equipment, tenantId, outOfRows, keep));
  if (files === null) return 0;
  let done = 0;
  for (const erasure of outOfRows) {
    if (await attempt(erasure, () => end(equipment, erasure, files))) done += 1;
  }
  return done;
}

/** False: a job that has the number is not cut yet, or its words may have been copied, and it is looked at again. */
async function eraseFromTables(
  equipment: Equipment,
  erasure: ErasureClaim,
  keep: (tx: Transaction) => Promise<void>,
): Promise<boolean> {
  const { db, log } = equipment;
  let unplanned = 0;
  for (const job of await jobsWithNumber(db, erasure)) {
    const erased = await db.transaction('sweep.erase_from_job', async (tx) => {
      const outcome = await eraseFromJob(tx, erasure, job);
      if (outcome === 'erased') await noteRemoved(tx, erasure.id, { job_numbers: 1 });
      await keep(tx);
      return outcome;
    });
    if (erased === 'unplanned') unplanned += 1;
  }
  if (unplanned > 0) {
    log.info('erasure.waiting', { erasure: erasure.id, counts: { jobs: unplanned } });
    await leave(equipment, erasure, unplannedWait_ms);
    return false;
  }
  const regions = await readRegions(db, erasure.tenantId);
  const national = nationalOf(erasure.number, regions);
  let isCopied = false;
  for (const step of await stepsThroughRows(db, erasure, national)) {
    await db.transaction('sweep.erase_from_rows', async (tx) => {
      const removed = await eraseFromRows(tx, step);
      await noteRemoved(tx, erasure.id, removed);
      await keep(tx);
      if (!removed['jobs']) return;
      // A retry that is being made right now has the words of its parent from before.
      isCopied = true;
      await seeErasureAgain(tx, erasure.id);
    });
  }
  if (isCopied) await leave(equipment, erasure, 0);
  return !isCopied;
}

/** True: it is done. Who was told to stop leaves it to another worker at once. */
async function end(
  equipment: Equipment,
  erasure: ErasureClaim,
  { isStopped, failed }: FilesLookedThrough,
): Promise<boolean> {
  if (isStopped) return leave(equipment, erasure, 0);
  if (failed.has(erasure.id)) return leave(equipment, erasure, failedWait_ms);
  const done = await leave(equipment, erasure, null);
  equipment.log.info(done ? 'erasure.done' : 'erasure.waiting', { erasure: erasure.id });
  return done;
}

/** Ends it, or, where there is a time to wait or something has the number still, has it looked at again. True: it is done. */
function leave({ db }: Equipment, erasure: ErasureClaim, wait_ms: number | null): Promise<boolean> {
  return db.transaction('sweep.finish_erasure', async (tx) => {
    if (wait_ms === null && (await finishErasure(tx, erasure))) return true;
    await deferErasures(tx, [erasure.id], wait_ms ?? unplannedWait_ms);
    return false;
  });
}

function nationalOf(number: number, regions: readonly string[]): readonly NationalSpellings[] {
  return regions.flatMap((region) => {
    const callingCode = callingCodeOf(region);
    const spellings = callingCode === null ? null : nationalSpellingsOf(number, callingCode);
    return spellings === null ? [] : [{ region, spellings }];
  });
}

/** Files that came after the number was erased: what is in them is known by its digest alone, and each is on the receipts of all of its job. */
async function rewriteNoted(equipment: Equipment): Promise<number> {
  const { db, digests } = equipment;
  const files = await filesToRewrite(db, filesAtOnce);
  for (const file of files) {
    const mayBe = new DigestSet(await readErasedNumbers(db, file)).asker(digests);
    let isFound = false;
    const has = (number: number) => {
      const isOne = mayBe(number);
      isFound ||= isOne;
      return isOne;
    };
    const isErased = (digits: string) => {
      const number = Number(digits);
      return number >= 1_000_000 && number < 1e15 && has(number);
    };
    const found = () => new Set(isFound ? file.erasureIds : []);
    const rewritten = await rewriteOrSay(equipment, file, { isErased, has, found });
    if (rewritten === 'rewritten' || rewritten === 'removed' || rewritten === 'changed') continue;
    if (rewritten === 'unreadable') {
      for (const erasure of file.erasureIds)
        equipment.log.warn('erasure.file_unreadable', { erasure, artifact: file.id });
    }
    await db.transaction('sweep.drop_notes', (tx) =>
      rewritten === 'failed' ? putOffNotes(tx, file.id, failedWait_ms) : dropNotes(tx, file.id),
    );
  }
  return files.length;
}

/** Rewrites a file. One that throws is said and left for later: the others, and other people's numbers, do not wait for it. */
async function rewriteOrSay(
  equipment: Equipment,
  file: KeptFile,
  sought: SoughtNumbers,
): Promise<RewrittenFile | 'failed'> {
  try {
    return await rewriteFile(equipment, file, sought);
  } catch (error) {
    sayFailed(equipment, file.erasureIds[0], error, file.id);
    return 'failed';
  }
}
