import {
  type ArtifactId,
  type JobId,
  type Money,
  Reconciliation,
  type SubmitAnswer,
  type SubmitResult,
  type Verdict,
} from '@rollcall/domain';
import { postgresBlobs } from '../sql/blobs.ts';
import { claimIngest, type IngestClaim, recordArtifact } from '../sql/claim-ingest.ts';
import { claimSubmit, loadSubmit } from '../sql/claim-submit.ts';
import { numbersOfChunk } from '../sql/numbers-of-chunk.ts';
import { insertChunks, type NewChunk, wholeJob } from '../sql/plan-chunks.ts';
import { lockJobForPlanning, startRunning } from '../sql/planned-job.ts';
import { claimPolls, type PollClaim, settlePoll } from '../sql/poll-tasks.ts';
import { type Published, publishResults } from '../sql/publish-results.ts';
import { type ReceivedJob, receiveJob } from '../sql/receive-job.ts';
import { type Settled, settleSubmit } from '../sql/settle-submit.ts';
import type { SubmittedChunk } from '../sql/submitted-chunk.ts';
import { accepted, acceptance, ready } from './answers.ts';
import { account, type Ground, newId, once } from './ground.ts';

/** The steps of a chunk's way, taken by the package's own verbs. */

/** `count` neighbouring numbers of Poland's mobile range. */
export function someNumbers(count: number, first = 48_500_000_000): Float64Array {
  return Float64Array.from({ length: count }, (_, index) => first + index);
}

/** A job as the API hands it over; `changed` says what the test is about. */
export function receivedJob(
  numbers: Float64Array,
  changed: Partial<ReceivedJob> = {},
): ReceivedJob {
  return {
    id: newId.job(),
    tenantId: 1,
    checkName: 'telegram',
    account: account.id,
    currency: account.currency,
    name: null,
    priority: 0,
    purpose: 'test',
    requestedBy: 'a test',
    defaultRegion: null,
    maxCost: null,
    createdBy: null,
    idempotency: null,
    lines: numbers.length,
    accepted: numbers.length,
    duplicates: 0,
    rejected: 0,
    numbers: once(numbers),
    rejects: once([]),
    upload: {
      bytes: once(Buffer.from('upload')),
      encoding: 'identity',
      sha256: new Uint8Array(32),
      byteCount: 6,
      reading: {},
    },
    ...changed,
  };
}

export async function receive(
  { db }: Ground,
  numbers: Float64Array,
  changed: Partial<ReceivedJob> = {},
): Promise<JobId> {
  const received = await receiveJob(db, receivedJob(numbers, changed));
  if (received.kind !== 'created') throw new Error(`the job was not created: ${received.kind}`);
  return received.jobId;
}

export interface PlannedChunk {
  readonly size: number;
  readonly state?: 'ready' | 'blocked';
  readonly isCanary?: boolean;
}

/** Cuts a job; the ids of its chunks in order. */
export async function plan(
  { db }: Ground,
  jobId: string,
  chunks: readonly PlannedChunk[],
): Promise<readonly string[]> {
  return db.transaction('test', async (tx) => {
    const job = await lockJobForPlanning(tx, jobId);
    if (job === null) throw new Error('the job is being planned elsewhere');
    const made: NewChunk[] = chunks.map(({ size, state = 'ready', isCanary = false }) => ({
      id: newId.chunk(),
      numbers: size,
      state,
      isCanary,
    }));
    await insertChunks(tx, job, await wholeJob(tx, job), job.chunks + 1, made);
    await startRunning(tx, job.jobNo);
    return made.map((chunk) => chunk.id);
  });
}

/** A job with one ready chunk of `count` numbers. */
export async function readyChunk(
  ground: Ground,
  count = 3,
): Promise<{ readonly jobId: JobId; readonly chunkId: string }> {
  const jobId = await receive(ground, someNumbers(count));
  const [chunkId = ''] = await plan(ground, jobId, [{ size: count }]);
  return { jobId, chunkId };
}

export interface ClaimChange {
  readonly lease_ms?: number;
  readonly amount?: Money;
}

/** Claims a chunk for an upload, as the submit stage does. */
export async function claim(
  { db }: Ground,
  chunkId: string,
  { lease_ms = 60_000, amount }: ClaimChange = {},
): Promise<SubmittedChunk> {
  return db.transaction('test', async (tx) => {
    const loaded = await loadSubmit(tx, chunkId);
    if (loaded === null) throw new Error(`chunk ${chunkId} cannot be claimed`);
    const pricePerNumber = 2_000_000n as Money;
    const claimed = await claimSubmit(tx, loaded, {
      id: newId.attempt(),
      providerOrigin: 'https://acme.example',
      pricePerNumber,
      amount: amount ?? ((pricePerNumber * BigInt(loaded.facts.chunk.numbers)) as Money),
      currency: 'USD',
      lease_ms,
    });
    return {
      chunkId,
      attemptId: claimed.attemptId,
      fence: claimed.fence,
      tenantId: loaded.tenantId,
      jobNo: loaded.jobNo,
      account: loaded.account,
      checkName: loaded.checkName,
    };
  });
}

export async function settle(
  { db }: Ground,
  chunk: SubmittedChunk,
  answer: SubmitAnswer,
  result: SubmitResult,
): Promise<Settled> {
  return db.transaction('test', (tx) => settleSubmit(tx, chunk, answer, result));
}

let tasks = 0;

/** Claims a chunk and has it accepted under a task id of its own. */
export async function submit(ground: Ground, chunkId: string): Promise<SubmittedChunk> {
  const chunk = await claim(ground, chunkId);
  tasks += 1;
  const settled = await settle(ground, chunk, acceptance(`task-${tasks}`), accepted);
  if (settled.kind !== 'applied') throw new Error(`not accepted: ${settled.kind}`);
  return chunk;
}

/** Claims the poll of one chunk, which must be due. */
export async function claimPoll({ db }: Ground, chunkId: string): Promise<PollClaim> {
  const claims = await claimPolls(db, account.id, 1_000, 60_000);
  const found = claims.find((each) => each.chunkId === chunkId);
  if (!found) throw new Error(`chunk ${chunkId} is not due for a poll`);
  return found;
}

/** Takes a ready chunk as far as its result being there. */
export async function untilResult(ground: Ground, chunkId: string): Promise<SubmittedChunk> {
  const chunk = await submit(ground, chunkId);
  const claimed = await claimPoll(ground, chunkId);
  await ground.db.transaction('test', (tx) =>
    settlePoll(
      tx,
      claimed,
      { kind: 'status', status: ready },
      { kind: 'ready', locator: ready.locator ?? { kind: 'hash', hash: '' } },
    ),
  );
  return chunk;
}

export async function startIngest(
  { db }: Ground,
  chunkId: string,
  lease_ms = 60_000,
): Promise<IngestClaim> {
  const claimed = await db.transaction('test', (tx) => claimIngest(tx, chunkId, lease_ms));
  if (claimed === null) throw new Error(`chunk ${chunkId} has no result to ingest`);
  return claimed;
}

/** Archives bytes for an ingest, as its download would. */
export async function archive(
  { db }: Ground,
  claimed: IngestClaim,
): Promise<{ readonly id: ArtifactId; readonly tied: boolean }> {
  const id = newId.artifact();
  const tied = await db.transaction('test', async (tx) => {
    const { jobDay, tenantId, jobNo } = claimed;
    await postgresBlobs(tx).write(
      tx,
      { id, jobDay, tenantId, jobNo, kind: 'artifact', encoding: 'identity' },
      once(Buffer.from('result')),
      () => ({ sha256: new Uint8Array(32), byteCount: 6 }),
    );
    return recordArtifact(tx, claimed, {
      id,
      sha256: new Uint8Array(32),
      byteCount: 6,
      headers: {},
    });
  });
  return { id, tied };
}

/** Publishes the same verdict for every number of a chunk; `rows` may say otherwise. */
export async function publish(
  { db }: Ground,
  claimed: IngestClaim,
  artifactId: ArtifactId,
  rows?: (reconciliation: Reconciliation, numbers: Float64Array) => void,
  verdict: Verdict = 'registered',
): Promise<Published> {
  const numbers = await numbersOfChunk(
    db,
    claimed.jobNo,
    claimed.jobDay,
    claimed.range,
    claimed.numbers,
  );
  const reconciliation = new Reconciliation(numbers);
  if (rows) rows(reconciliation, numbers);
  else for (const number of numbers) reconciliation.add(number, verdict, null);
  return db.transaction('test', (tx) =>
    publishResults(tx, claimed, artifactId, numbers, reconciliation, 'table'),
  );
}

/** Takes a ready chunk all the way to its rows. */
export async function finish(
  ground: Ground,
  chunkId: string,
  verdict?: Verdict,
): Promise<Published> {
  await untilResult(ground, chunkId);
  const claimed = await startIngest(ground, chunkId);
  const { id } = await archive(ground, claimed);
  return publish(ground, claimed, id, undefined, verdict);
}
