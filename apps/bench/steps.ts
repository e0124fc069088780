import { join } from 'node:path';
import { waitFor } from '@rollcall/testing';
import type { Bench, BenchContext } from './bench.ts';
import { writeNumbers } from './ground/make-numbers.ts';
import { type Ground, openGround } from './ground/open-ground.ts';
import { openSite, type SiteSettings } from './ground/open-site.ts';
import { startProfile } from './ground/profile.ts';
import { recordTransactions } from './ground/record-transactions.ts';
import { replayTransactions } from './ground/replay-transactions.ts';
import { uploadJob } from './ground/upload-job.ts';
import type { Measurement } from './measurement.ts';

const bar = 0.5;
/** So small that a step is its statements, and not its rows. */
const numbersOfChunk = 20;
/** So many that they are more than the start: 200 were through before each connection had its plans and each process its code, at 0.32 and 0.42 of a floor of 5 s. */
const chunks = 1_000;
const timeoutMs = 600_000;

/**
 * Stage steps a second with providers that take no time: a job of many small chunks, each of which is submitted, polled and ingested. The floor is the same
 * transactions in the same order, said again to a copy of the same database, with nothing around them.
 */
export const steps: Bench = {
  name: 'steps',
  about: 'stage steps a second, on each backend, against the same transactions said again',
  async run(context) {
    await using opened = new AsyncDisposableStack();
    const ground = await openGround();
    opened.defer(() => ground.stop());
    const uploaded = await uploadFirst(ground, context);
    const measurements: Measurement[] = [];
    for (const queue of ['postgres', 'redis'] as const)
      measurements.push(await measure(ground, context, uploaded, queue));
    return measurements;
  },
};

/** A database with a job that nobody has looked at yet. */
async function uploadFirst(
  ground: Ground,
  { numbers = chunks * numbersOfChunk, folder }: BenchContext,
): Promise<string> {
  const path = join(folder, 'numbers.txt');
  await writeNumbers(path, numbers);
  const databaseUrl = await ground.freshDatabase();
  const site = await openSite(settings(databaseUrl, folder, 'postgres', 0));
  try {
    await uploadJob(site, path, { check: 'telegram', account: 'ekycpro' });
  } finally {
    await site.stop();
  }
  return databaseUrl;
}

function settings(
  databaseUrl: string,
  folder: string,
  queue: SiteSettings['queue'],
  workers: number,
): SiteSettings {
  return {
    databaseUrl,
    folder,
    queue,
    workers,
    chunkSize: numbersOfChunk,
    // No pace holds a step back.
    editAccounts: (text) =>
      text
        .replaceAll('requests_per_second: 100', 'requests_per_second: 1000')
        .replaceAll('uploads_in_flight: 4', 'uploads_in_flight: 8')
        .replaceAll('floor: 200ms', 'floor: 10ms'),
  };
}

async function measure(
  ground: Ground,
  { folder, tell }: BenchContext,
  uploaded: string,
  queue: SiteSettings['queue'],
): Promise<Measurement> {
  const measured = await runJob(ground, await ground.copyOf(uploaded), folder, queue);
  tell(`${queue}: ${measured.steps} steps in ${measured.seconds.toFixed(1)} s; ${measured.took}`);

  const recordedUrl = await ground.copyOf(uploaded);
  const floorUrl = await ground.copyOf(uploaded);
  const recorder = await recordTransactions(recordedUrl, 'rollcall worker');
  let recorded: Span;
  try {
    recorded = await runJob(ground, recordedUrl, folder, queue, recorder.url);
  } finally {
    await recorder.close();
  }
  await replayTransactions(floorUrl, 'rollcall_worker', recorder.transactions);
  const floor = await spanOf(ground, floorUrl);
  if (floor.rows !== recorded.rows)
    throw new Error(`${floor.rows} of ${recorded.rows} rows came of the same transactions`);
  tell(`${queue}: the same transactions alone in ${floor.seconds.toFixed(1)} s`);

  const rate_per_s = measured.steps / measured.seconds;
  const ratio = rate_per_s / (floor.steps / floor.seconds);
  return {
    name: `steps/${queue}`,
    numbers: measured.rows,
    seconds: measured.seconds,
    floor_seconds: floor.seconds,
    ratio,
    rate_per_s,
    peak_rss_mb: measured.peak_rss_mb,
    bar: `≥ ${bar} × the floor's steps a second`,
    ok: ratio >= bar,
  };
}

/** From the first claim of an upload to the last chunk that was closed. */
interface Span {
  readonly steps: number;
  readonly rows: number;
  readonly seconds: number;
}

/** @param url by which the product reaches the database, where it is not its own */
async function runJob(
  ground: Ground,
  databaseUrl: string,
  folder: string,
  queue: SiteSettings['queue'],
  url = databaseUrl,
): Promise<Span & { readonly took: string; readonly peak_rss_mb: Record<string, number> }> {
  const site = await openSite(settings(url, folder, queue, 1));
  try {
    const isClosed = async () => {
      const { rows } = await site.db.query('SELECT FROM store.jobs WHERE finished_at IS NULL');
      return rows.length === 0;
    };
    const profile = await startProfile(ground, site);
    await waitFor(isClosed, { describe: 'the job to be closed', timeoutMs, everyMs: 50 });
    const span = await spanOf(ground, databaseUrl);
    return { ...span, took: await profile(), peak_rss_mb: await site.peakRss_mb() };
  } finally {
    await site.stop();
  }
}

async function spanOf(ground: Ground, url: string): Promise<Span> {
  const [span] = await ground.query<{ steps: number; rows: number; seconds: number }>(
    url,
    `SELECT ((SELECT count(*) FROM store.attempts) + (SELECT count(*) FROM store.poll_history)
             + (SELECT count(*) FROM store.chunks WHERE state = 'done'))::float8 AS steps,
            (SELECT count(*) FROM store.results)::float8 AS rows,
            extract(epoch FROM (SELECT max(closed_at) FROM store.chunks) - (SELECT min(created_at) FROM store.attempts))::float8 AS seconds`,
  );
  if (span === undefined) throw new Error('nothing was counted');
  return span;
}
