import { join } from 'node:path';
import type { Bench, BenchContext } from './bench.ts';
import { writeNumbers } from './ground/make-numbers.ts';
import { type Ground, openGround } from './ground/open-ground.ts';
import { openSite, type Site } from './ground/open-site.ts';
import { fromArchive } from './ingest.ts';
import { untilClosed } from './ground/until-closed.ts';
import { uploadJob } from './ground/upload-job.ts';
import type { Measurement } from './measurement.ts';

const bar = 0.95;
const ingestBar = 1.6;
const slots = 8;
const requestsPerSecond = 100;
const upload_s = 2;
const chunkSize = 200;
/** One check of each account. */
const accounts = [
  { account: 'webcom', check: 'telegram' },
  { account: 'ekycpro', check: 'telegram' },
  { account: 'checknumber', check: 'twitter' },
  { account: 'ekycpro-facebook', check: 'facebook' },
];

/**
 * Four accounts with eight uploads in flight each, of which each takes two seconds, with one, two and four workers, against what those slots allow. Not a
 * measurement at all where the simulator saw more at once, or more requests in a second, than an account allows.
 */
export const scale: Bench = {
  name: 'scale',
  about:
    'uploads that the providers’ slots limit, with 1, 2 and 4 workers, against what the slots allow; ingest with 1 and 2',
  async run(context) {
    await using opened = new AsyncDisposableStack();
    const ground = await openGround();
    opened.defer(() => ground.stop());
    const measured: Measurement[] = [];
    for (const workers of [1, 2, 4]) measured.push(await measure(ground, context, workers));
    return [...measured, await measureIngest(ground, context)];
  },
};

/**
 * Files that are all there, by one worker and by two. What one has is what the machine leaves it: its readers and the sessions of Postgres are processes of their own, so one
 * worker uses more cores than one, and on two cores a second finds little left. How much each run used of them is told beside.
 */
async function measureIngest(ground: Ground, context: BenchContext): Promise<Measurement> {
  const numbers = context.numbers ?? 1_000_000;
  const path = join(context.folder, 'ingest.txt');
  await writeNumbers(path, numbers);
  const name = 'scale: ingest';
  const alone = await fromArchive(ground, context, { name, path, numbers }, 1);
  const both = await fromArchive(ground, context, { name, path, numbers }, 2);
  const ratio = alone.seconds / both.seconds;
  return {
    name,
    numbers,
    seconds: both.seconds,
    floor_seconds: alone.seconds,
    ratio,
    rate_per_s: numbers / both.seconds,
    peak_rss_mb: both.peak_rss_mb,
    bar: `≥ ${ingestBar} × the rate of one worker with two`,
    ok: ratio >= ingestBar,
  };
}

async function measure(
  ground: Ground,
  { folder, tell, ...context }: BenchContext,
  workers: number,
): Promise<Measurement> {
  const turns = Math.max(
    4,
    Math.round((context.numbers ?? 256_000) / accounts.length / chunkSize / slots),
  );
  // Processes that have just been started compile what they run: 20 s of 80.
  const startTurns = Math.ceil(turns / 4);
  const numbers = turns * slots * chunkSize;
  const path = join(folder, 'numbers.txt');
  await writeNumbers(path, numbers);
  const databaseUrl = await ground.freshDatabase();
  const site = await openSite({
    databaseUrl,
    folder,
    queue: 'redis',
    workers,
    chunkSize,
    editAccounts: (text) =>
      text
        .replace(/uploads_in_flight: \d+/g, `uploads_in_flight: ${slots}`)
        .replace(/requests_per_second: \d+/g, `requests_per_second: ${requestsPerSecond}`)
        .replace(/^ {4}adapter:/gm, '    canary: off\n$&'),
  });
  try {
    await site.simulator.control('POST', 'faults', {
      match: { operation: 'create' },
      next: 'all',
      action: { kind: 'delay', ms: upload_s * 1_000 },
    });
    const jobs = await Promise.all(accounts.map((each) => uploadJob(site, path, each)));
    for (const job of jobs) await untilClosed(site, job);
    const allowed = (accounts.length * slots) / upload_s;
    const rate = await uploadsPerSecond(site, startTurns);
    const over = await overLimits(site);
    for (const each of over) tell(each);
    const ratio = rate / allowed;
    tell(`${workers} workers: ${rate.toFixed(2)} uploads a second of ${allowed}`);
    return {
      name: `scale: ${workers} ${workers === 1 ? 'worker' : 'workers'}`,
      numbers: numbers * accounts.length,
      seconds: (turns * accounts.length * slots) / rate,
      floor_seconds: turns * upload_s,
      ratio,
      rate_per_s: rate * chunkSize,
      peak_rss_mb: await site.peakRss_mb(),
      bar: `≥ ${bar} × what the slots allow, and never over them`,
      ok: ratio >= bar && over.length === 0,
    };
  } finally {
    await site.stop();
  }
}

/**
 * Of all accounts, each from the end of so many turns of all slots to the end of its last: what comes before is the upload of the job and the start of the processes, and
 * a turn that is not whole is half as long as it looks.
 */
async function uploadsPerSecond({ db }: Site, startTurns: number): Promise<number> {
  const { rows } = await db.query<{ rate: number }>(
    `WITH ended AS (
       SELECT account, extract(epoch FROM settled_at)::float8 AS at, row_number() OVER (PARTITION BY account ORDER BY settled_at) AS place
         FROM store.attempts WHERE outcome = 'accepted'),
     whole AS (SELECT account, count(*) / $1::integer * $1::integer AS last FROM ended GROUP BY account)
     SELECT sum(rate)::float8 AS rate FROM (
       SELECT (w.last - $2) / (max(e.at) FILTER (WHERE e.place = w.last) - max(e.at) FILTER (WHERE e.place = $2)) AS rate
         FROM ended e JOIN whole w USING (account) GROUP BY account, w.last) each`,
    [slots, startTurns * slots],
  );
  return rows[0]?.rate ?? 0;
}

interface Tally {
  readonly account: string;
  readonly operation: string;
  readonly in_flight_max: number;
  readonly started_at_ms: readonly number[];
}

/** Where the simulator saw more uploads of an account at once than it has slots, or more requests in a second than its pace. */
async function overLimits({ simulator }: Site): Promise<string[]> {
  const { requests: tallies } = (await simulator.control('GET', 'requests')) as {
    readonly requests: readonly Tally[];
  };
  const over: string[] = [];
  for (const { account } of accounts) {
    const own = tallies.filter((tally) => tally.account === account);
    const uploads = own.find(({ operation }) => operation === 'create')?.in_flight_max ?? 0;
    if (uploads > slots) over.push(`${account}: ${uploads} uploads at once`);
    const most = mostInASecond(own.flatMap(({ started_at_ms }) => started_at_ms));
    if (most > requestsPerSecond) over.push(`${account}: ${most} requests in a second`);
  }
  return over;
}

function mostInASecond(times_ms: readonly number[]): number {
  const sorted = times_ms.toSorted((a, b) => a - b);
  let first = 0;
  let most = 0;
  for (const [last, at] of sorted.entries()) {
    while (at - (sorted[first] ?? at) >= 1_000) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
