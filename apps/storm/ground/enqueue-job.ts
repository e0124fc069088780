import { randomBytes } from 'node:crypto';
import { type Database, receiveJob } from '@rollcall/db';
import { type JobId, makeId, type Money, parseMoney, priceOf } from '@rollcall/domain';
import { patient } from './patient.ts';
import type { StormJob } from '../faults/schedule.ts';
import { offerOf, type StormAccounts } from './storm-accounts.ts';

/** A job of the episode, as it was asked for. */
export interface EnqueuedJob extends StormJob {
  readonly id: JobId;
  readonly list: readonly number[];
}

/** Example numbers, other ones for each job of an episode. */
const firstNumber = 447_914_000_000;

/** Stores a job as the API does. Nobody rings: the rescue sweep finds it. A COMMIT whose reply is lost is looked for by the job's id. */
export async function enqueueJob(
  db: Database,
  accounts: StormAccounts['accounts'],
  job: StormJob,
  index: number,
): Promise<EnqueuedJob> {
  const enqueued = enqueuedJob(job, index);
  const { id, list } = enqueued;
  await patient(async () => {
    const { rowCount } = await db.query('SELECT FROM store.jobs WHERE id = $1', [id]);
    if (rowCount !== 0) return;
    await receiveJob(db, {
      id,
      tenantId: 1,
      checkName: job.check,
      account: job.account,
      currency: 'USD',
      name: `storm ${index}`,
      priority: 0,
      purpose: 'storm',
      requestedBy: 'storm',
      defaultRegion: null,
      maxCost: ceilingOf(accounts, job, index),
      createdBy: null,
      idempotency: null,
      lines: list.length,
      accepted: list.length,
      duplicates: 0,
      rejected: 0,
      numbers: once(Float64Array.from(list)),
      rejects: none(),
      upload: {
        bytes: once(Buffer.from('storm')),
        encoding: 'identity',
        sha256: new Uint8Array(32),
        byteCount: 5,
        reading: {},
      },
    });
  });
  return enqueued;
}

/** A job with an id and a list of its own. */
export function enqueuedJob(job: StormJob, index: number): EnqueuedJob {
  const id = makeId('job', Date.now(), randomBytes(10));
  const list = Array.from({ length: job.numbers }, (_, at) => numberOf(index, at));
  return { ...job, id, list };
}

/** The number at a place of a job's list, whether it is enqueued yet or not. */
export function numberOf(index: number, place: number): number {
  return firstNumber + index * 10_000 + place;
}

/** Every other job may spend four fifths of what it costs, until the operator allows the rest. */
function ceilingOf(
  accounts: StormAccounts['accounts'],
  { account, check, numbers }: StormJob,
  index: number,
): Money | null {
  if (index % 2 === 0) return parseMoney('1000');
  const { pricePerNumber } = offerOf(accounts, account, check);
  return ((priceOf(pricePerNumber, numbers) * 4n) / 5n) as Money;
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}

async function* none(): AsyncGenerator<never> {}
