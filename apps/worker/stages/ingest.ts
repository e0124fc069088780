import type { FileHandle } from 'node:fs/promises';
import { crashPoint } from '@rollcall/crash-points';
import {
  claimIngest,
  countParseStart,
  endParse,
  type IngestClaim,
  type IngestStep,
  leaveIngest,
  nextReady,
  numbersOfChunk,
  type Published,
  publishResults,
  serverNow_ms,
  together,
  type Transaction,
  whichDiskIsFull,
} from '@rollcall/db';
import {
  type Account,
  type ArtifactId,
  type CheckOffer,
  decideDownload,
  ingestTriesMax,
  parserDeathsMax,
} from '@rollcall/domain';
import { ReaderDied } from '@rollcall/results';
import { archiveDownload, unpackArtifact } from '../archive.ts';
import { type Counts, type Equipment, offerOf } from '../equipment.ts';
import { erasedOf } from '../erased-numbers.ts';
import { whileLeased } from '../heartbeat.ts';
import { judgeArtifact, type ReadArtifact, readArtifact, usageCounts } from '../read-artifact.ts';

/** A worker whose accounts file does not name the account lets others have it. */
const strangersWait_ms = 60_000;

/**
 * Turns a finished task into rows: archive the bytes, parse them, reconcile them with what was asked, and write one row per
 * number in the transaction that closes the chunk. What is in doubt is held with its bytes; nothing is half-written. `choose`: another
 * chunk than this one, asked in the transaction that claims it.
 */
export async function ingestChunk(
  equipment: Equipment,
  chunkId: string,
  signal: AbortSignal,
  choose?: (tx: Transaction) => Promise<string>,
): Promise<Counts> {
  const { db, times } = equipment;
  const claim = await db.transaction('ingest.claim', async (tx) =>
    claimIngest(tx, (await choose?.(tx)) ?? chunkId, times.lease_ms),
  );
  if (claim === null) return { gone: 1 };
  const offered = offerOf(equipment, claim.account, claim.checkName);
  if (offered === null) {
    const due_ms = claim.now_ms + strangersWait_ms;
    return leave(equipment, claim, null, { kind: 'wait', due_ms });
  }
  try {
    return await whileLeased(equipment, claim, async () => {
      const parsed = await fetchAndParse(equipment, claim, offered, signal);
      return parsed.kind === 'left'
        ? parsed.counts
        : await judge(equipment, claim, offered, parsed);
    });
  } catch (error) {
    await giveBack(equipment, claim, error);
    throw error;
  }
}

/** How long a result waits for a disk that is full: somebody has to make room first. */
const diskFull_ms = 30_000;

/**
 * Something of ours failed (Postgres, a bug): again soon, and held with its file when it keeps failing. A disk that is full keeps
 * all results waiting alike, so it is said aloud and costs none of them a try. Where even this cannot be stored, the lease runs
 * out and the expire sweep does the same.
 */
async function giveBack(equipment: Equipment, claim: IngestClaim, error: unknown): Promise<void> {
  const tries = claim.tries + 1;
  const now_ms = await serverNow_ms(equipment.db).catch(() => claim.now_ms);
  const full = whichDiskIsFull(error);
  if (full !== null) {
    const line = { job: claim.jobId, chunk: claim.chunkId, account: claim.account };
    equipment.log.error('disk.full', { ...line, reason: full, wait_ms: diskFull_ms });
  }
  const step: IngestStep =
    full !== null
      ? { kind: 'wait', due_ms: now_ms + diskFull_ms }
      : tries >= ingestTriesMax
        ? hold('ingest_keeps_failing', null, null)
        : { kind: 'retry', due_ms: now_ms + 2_000 * tries };
  await leave(equipment, claim, null, step).catch(() => undefined);
}

/** Brings the result's bytes into `file`: from the archive, or by a download that is archived first. */
async function fetchArtifact(
  equipment: Equipment,
  claim: IngestClaim,
  account: Account,
  file: FileHandle,
  signal: AbortSignal,
): Promise<ArtifactId | Counts> {
  if (claim.artifact !== null) {
    if (claim.artifact.parseStarts >= parserDeathsMax) {
      return leave(equipment, claim, claim.artifact.id, hold('parser_died', 'unreadable', null));
    }
    await unpackArtifact(equipment.db, claim, claim.artifact, file);
    return claim.artifact.id;
  }
  const { answer, artifact } = await archiveDownload(equipment, claim, account, file, signal);
  const now_ms = await serverNow_ms(equipment.db);
  const decision = decideDownload(answer, {
    now_ms,
    random: Math.random(),
    tries: claim.tries,
    locatorRefreshes: claim.locatorRefreshes,
  });
  const line = { job: claim.jobId, chunk: claim.chunkId, account: account.id };
  switch (decision.kind) {
    case 'parse':
      return artifact ?? stale(equipment, claim);
    case 'retry':
      equipment.log.warn('artifact.download_failed', {
        ...line,
        reason: answer.kind === 'failed' ? answer.failure : answer.kind,
      });
      return leave(equipment, claim, null, decision);
    case 'refresh':
      equipment.log.warn('artifact.download_failed', { ...line, reason: 'expired' });
      return leave(equipment, claim, null, {
        ...decision,
        deadline_ms: now_ms + account.poll.deadline_ms,
      });
    case 'hold':
      return leave(equipment, claim, null, { ...decision, verdict: null, detail: null });
  }
}

/** A result beside the numbers of its chunk, or what became of the chunk instead. */
type Parsed =
  | { readonly kind: 'left'; readonly counts: Counts }
  | {
      readonly kind: 'parsed';
      readonly artifact: ArtifactId;
      readonly numbers: Float64Array;
      readonly read: ReadArtifact;
    };

interface Offered {
  readonly account: Account;
  readonly offer: CheckOffer;
}

/** What reads the file is there for another one when this returns. */
async function fetchAndParse(
  equipment: Equipment,
  claim: IngestClaim,
  { account, offer }: Offered,
  signal: AbortSignal,
): Promise<Parsed> {
  const { db } = equipment;
  // One died with this file in its hands: the next has had no other, so that nothing else can have been why.
  const isFresh = claim.artifact !== null && claim.artifact.parseStarts > 0;
  await using reader = await equipment.readers.take(claim, isFresh);
  const artifact = await fetchArtifact(equipment, claim, account, reader.file, signal);
  if (typeof artifact !== 'string') return { kind: 'left', counts: artifact };
  crashPoint('ingest:before_parse');
  // Its process starts, where none was kept, while Postgres answers.
  reader.begin();
  const [numbers, erased] = await together(
    numbersOfChunk(db, claim.jobNo, claim.jobDay, claim.range, claim.numbers),
    erasedOf(equipment, claim),
  );
  const isCounted = await countParseStart(db, claim, artifact);
  if (!isCounted) return { kind: 'left', counts: stale(equipment, claim) };
  const read = await readArtifact(reader, claim, offer, numbers, erased).catch(
    async (error: unknown) => {
      // Only what ends the process that reads counts against the file, or ends us with it.
      if (!(error instanceof ReaderDied))
        await endParse(db, claim, artifact).catch(() => undefined);
      throw error;
    },
  );
  return { kind: 'parsed', artifact, numbers, read };
}

async function judge(
  equipment: Equipment,
  claim: IngestClaim,
  { account, offer }: Offered,
  { artifact, numbers, read }: Extract<Parsed, { kind: 'parsed' }>,
): Promise<Counts> {
  const { db, log } = equipment;
  if (!(await endParse(db, claim, artifact))) return stale(equipment, claim);
  const counts = read.reconciliation.counts();
  const line = { job: claim.jobId, chunk: claim.chunkId, artifact, account: account.id };
  log.info('artifact.parsed', { ...line, counts: { ...counts, ...usageCounts(read) } });

  crashPoint('ingest:after_parse');
  const decision = await judgeArtifact(db, claim, offer, read);
  if (decision.kind === 'hold') {
    log.error('artifact.quarantined', { ...line, reason: decision.code, counts: { ...counts } });
    const detail = read.outcome.kind === 'unreadable' ? read.outcome.message : null;
    return await leave(equipment, claim, artifact, hold(decision.code, decision.verdict, detail));
  }
  const published = await db.transaction('ingest.publish', (tx) =>
    publishResults(tx, claim, artifact, numbers, read.reconciliation, offer.semantics),
  );
  return await reportPublished(equipment, claim, account, artifact, published);
}

async function reportPublished(
  equipment: Equipment,
  claim: IngestClaim,
  account: Account,
  artifact: ArtifactId,
  published: Published,
): Promise<Counts> {
  const { db, log, metrics } = equipment;
  const line = { job: claim.jobId, chunk: claim.chunkId, artifact, account: account.id };
  if (published.kind === 'stale') return stale(equipment, claim);
  log.info('chunk.done', { ...line, counts: published.outcomes });
  for (const [outcome, rows] of Object.entries(published.outcomes)) {
    metrics.count('rollcall_ingest_rows_total', { account: account.id, outcome }, rows);
  }
  if (published.quarantined > 0) {
    log.error('artifact.quarantined', {
      ...line,
      reason: 'rows_set_aside',
      counts: { rows: published.quarantined },
    });
  }
  if (published.closing.kind === 'closed') {
    log.info('job.closed', { job: claim.jobId, state_to: published.closing.state });
  }
  if (published.closing.kind === 'audit_failed')
    log.error('job.audit_failed', { job: claim.jobId });
  if (published.released > 0) {
    const next = await nextReady(db, account.id, account.pace.uploadsInFlight);
    await equipment.ring(
      next.map(({ chunkId, ring }) => ({ stage: 'submit', chunkId, account: account.id, ring })),
    );
  }
  return { rows: claim.numbers };
}

function hold(
  code: string,
  verdict: 'unreadable' | 'mismatch' | 'unconfirmed' | null,
  detail: string | null,
): IngestStep {
  return { kind: 'hold', reason: 'artifact', code, verdict, detail };
}

async function leave(
  equipment: Equipment,
  claim: IngestClaim,
  artifact: ArtifactId | null,
  step: IngestStep,
): Promise<Counts> {
  const left = await equipment.db.transaction('ingest.leave', (tx) =>
    leaveIngest(tx, claim, artifact, step),
  );
  if (!left) return stale(equipment, claim);
  const line = { job: claim.jobId, chunk: claim.chunkId, account: claim.account };
  if (step.kind === 'hold') equipment.log.error('chunk.held', { ...line, reason: step.code });
  return { [step.kind]: 1 };
}

function stale({ log }: Equipment, { jobId, chunkId, account, fence }: IngestClaim): Counts {
  log.warn('chunk.stale', { job: jobId, chunk: chunkId, account, stage: 'ingest', fence });
  return { stale: 1 };
}
