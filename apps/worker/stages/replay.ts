import {
  claimReplay,
  extendReplay,
  leaveReplay,
  numbersOfChunk,
  type ReplayClaim,
  settleReplay,
} from '@rollcall/db';
import { type CheckOffer, replayTriesMax } from '@rollcall/domain';
import { ReaderDied } from '@rollcall/results';
import { unpackArtifact } from '../archive.ts';
import { type Counts, type Equipment, offerOf } from '../equipment.ts';
import { erasedOf } from '../erased-numbers.ts';
import { whileLeased } from '../heartbeat.ts';
import { judgeArtifact, readArtifact } from '../read-artifact.ts';

/** A worker whose accounts file does not name the account lets others have it. */
const strangersWait_ms = 60_000;
const retryWait_ms = 2_000;

/**
 * Reads the kept file of a chunk again, with the account's settings of now, and compares its rows with those of then; replaces them
 * where that was asked. Nothing is downloaded and nothing is paid. A file that is in doubt changes nothing.
 */
export async function replayChunk(equipment: Equipment, chunkId: string): Promise<Counts> {
  const { db, times } = equipment;
  const claim = await db.transaction('replay.claim', (tx) =>
    claimReplay(tx, chunkId, times.lease_ms),
  );
  if (claim === null) return { gone: 1 };
  if (!claim.isSameArtifact) return await fail(equipment, claim, 'chunk_changed');
  if (!claim.isKept) return fail(equipment, claim, 'artifact_gone');
  const offered = offerOf(equipment, claim.account, claim.checkName);
  if (offered === null) {
    const left = await leave(equipment, claim, { kind: 'wait', wait_ms: strangersWait_ms });
    return left ? { wait: 1 } : stale(equipment, claim);
  }
  // Its readers ended without a word, three of them: the file is not tried on a fourth process of ours.
  if (claim.tries > replayTriesMax) return fail(equipment, claim, 'parser_died');
  try {
    return await whileLeased(
      equipment,
      claim,
      () => compare(equipment, claim, offered.offer),
      () => extendReplay(db, claim, times.lease_ms),
    );
  } catch (error) {
    // A full disk, or Postgres: again soon. Where even this cannot be stored, the lease runs out.
    const code = error instanceof ReaderDied ? 'parser_died' : 'replay_keeps_failing';
    await again(equipment, claim, code, retryWait_ms * claim.tries).catch(() => undefined);
    throw error;
  }
}

async function compare(
  equipment: Equipment,
  claim: ReplayClaim,
  offer: CheckOffer,
): Promise<Counts> {
  const { db, log } = equipment;
  const { numbers, read } = await readAgain(equipment, claim, offer);
  const decision = await judgeArtifact(db, claim, offer, read);
  if (decision.kind === 'hold') return await fail(equipment, claim, decision.code);
  const settled = await db.transaction('replay.settle', (tx) =>
    settleReplay(tx, claim, numbers, read.reconciliation, offer.semantics),
  );
  switch (settled.kind) {
    case 'stale':
      return stale(equipment, claim);
    case 'chunk_changed':
      return await fail(equipment, claim, 'chunk_changed');
    case 'done': {
      const { rowsBefore, rowsAfter, unchanged, attributesChanged } = settled;
      log.warn('replay.done', {
        ...lineOf(claim),
        counts: {
          rows_before: rowsBefore,
          rows_after: rowsAfter,
          unchanged,
          attributes_changed: attributesChanged,
        },
      });
      return { [claim.mode === 'correct' ? 'corrected' : 'compared']: 1 };
    }
  }
}

async function readAgain(equipment: Equipment, claim: ReplayClaim, offer: CheckOffer) {
  const { db } = equipment;
  await using reader = await equipment.readers.take(claim, claim.tries > 1);
  reader.begin();
  await unpackArtifact(db, claim, { id: claim.artifactId }, reader.file);
  const numbers = await numbersOfChunk(db, claim.jobNo, claim.jobDay, claim.range, claim.numbers);
  const erased = await erasedOf(equipment, claim);
  return { numbers, read: await readArtifact(reader, claim, offer, numbers, erased) };
}

/** Once more later, or failed for this reason where it was tried often enough. */
async function again(
  equipment: Equipment,
  claim: ReplayClaim,
  code: string,
  wait_ms: number,
): Promise<Counts> {
  if (claim.tries >= replayTriesMax) return fail(equipment, claim, code);
  const left = await leave(equipment, claim, { kind: 'retry', wait_ms });
  return left ? { retry: 1 } : stale(equipment, claim);
}

async function fail(equipment: Equipment, claim: ReplayClaim, code: string): Promise<Counts> {
  const left = await leave(equipment, claim, { kind: 'failed', code });
  if (!left) return stale(equipment, claim);
  equipment.log.error('replay.failed', { ...lineOf(claim), reason: code });
  return { failed: 1 };
}

async function leave(
  { db }: Equipment,
  claim: ReplayClaim,
  step: Parameters<typeof leaveReplay>[2],
): Promise<boolean> {
  return db.transaction('replay.leave', (tx) => leaveReplay(tx, claim, step));
}

function stale({ log }: Equipment, claim: ReplayClaim): Counts {
  log.warn('chunk.stale', { ...lineOf(claim), stage: 'ingest', fence: claim.fence });
  return { stale: 1 };
}

function lineOf(claim: ReplayClaim) {
  const { replayId, jobId, chunkId, artifactId, account, mode } = claim;
  return {
    replay: replayId,
    job: jobId,
    chunk: chunkId,
    artifact: artifactId,
    account,
    decision: mode,
  };
}
