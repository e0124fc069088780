import { join } from 'node:path';
import type { Bench, BenchContext } from './bench.ts';
import { copyFloor } from './ground/copy-floor.ts';
import { writeNumbers } from './ground/make-numbers.ts';
import { type Ground, openGround } from './ground/open-ground.ts';
import { openSite } from './ground/open-site.ts';
import { answerWithCsv, countRows, untilClosed } from './ground/until-closed.ts';
import { uploadJob } from './ground/upload-job.ts';
import { startProfile } from './ground/profile.ts';
import { startCost } from './ground/what-it-cost.ts';
import { againstFloor, type Measurement } from './measurement.ts';

const bar = 3;
/** Of a larger run, against its own run of a million. */
const perNumberBar = 1.2;
const million = 1_000_000;
const apiBar_mb = 250;
const workerBar_mb = 300;

/**
 * A job from its upload to its last row, through the API, a worker and a simulator that takes no time, results as csv in zip; against COPY of the same accepted numbers and of the same final rows.
 * Above a million numbers also the time a number, against a million of the same run.
 */
export const pipeline: Bench = {
  name: 'pipeline',
  about: 'upload to last row, against COPY of the same numbers and the same rows',
  async run(context) {
    const numbers = context.numbers ?? million;
    await using opened = new AsyncDisposableStack();
    const ground = await openGround();
    opened.defer(() => ground.stop());
    if (numbers <= million) return [await measure(ground, context, 'pipeline', numbers)];
    const small = await measure(ground, context, 'pipeline', million);
    const large = await measure(ground, context, `pipeline at ${numbers}`, numbers);
    return [small, large, perNumber(small, large)];
  },
};

async function measure(
  ground: Ground,
  { folder, tell }: BenchContext,
  name: string,
  numbers: number,
): Promise<Measurement> {
  const path = join(folder, 'numbers.txt');
  await writeNumbers(path, numbers);
  const databaseUrl = await ground.freshDatabase();
  const site = await openSite({ databaseUrl, folder, queue: 'postgres', workers: 1 });
  let seconds: number;
  let peak_rss_mb: Record<string, number>;
  try {
    await answerWithCsv(site);
    tell(`a job of ${numbers} numbers`);
    const cost = await startCost(ground, databaseUrl, site);
    const profile = await startProfile(ground, site);
    const begun = performance.now();
    const job = await uploadJob(site, path, { check: 'telegram', account: 'ekycpro' });
    tell(`202 after ${((performance.now() - begun) / 1_000).toFixed(1)} s`);
    await untilClosed(site, job);
    seconds = (performance.now() - begun) / 1_000;
    tell(await profile());
    tell(await cost());
    await countRows(site, job, numbers);
    peak_rss_mb = await site.peakRss_mb();
  } finally {
    await site.stop();
  }
  tell(`closed after ${seconds.toFixed(1)} s; now COPY of its rows`);
  const floor = await copyFloor(ground, databaseUrl, ['job_numbers', 'results'], folder);
  tell(`COPY took ${floor.processor_s.toFixed(2)} s of processor`);
  const floor_seconds = (floor.seconds['job_numbers'] ?? 0) + (floor.seconds['results'] ?? 0);
  return againstFloor({ name, numbers, seconds, floor_seconds, peak_rss_mb }, bar);
}

/** The larger run as multiples of the million, with the memory that it may take. */
function perNumber(small: Measurement, large: Measurement): Measurement {
  const numbers = large.numbers ?? Number.NaN;
  const floor_seconds = ((small.seconds ?? Number.NaN) * numbers) / million;
  const ratio = (large.seconds ?? Number.NaN) / floor_seconds;
  const { api = 0, ...workers } = large.peak_rss_mb;
  const fits = api <= apiBar_mb && Object.values(workers).every((mb) => mb <= workerBar_mb);
  return {
    ...large,
    name: 'pipeline a number',
    floor_seconds,
    ratio,
    bar: `≤ ${perNumberBar} × a million's time a number; API ≤ ${apiBar_mb} MB, worker ≤ ${workerBar_mb} MB`,
    ok: ratio <= perNumberBar && fits,
  };
}
