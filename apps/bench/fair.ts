import { join } from 'node:path';
import { createApiKey } from '@rollcall/db';
import { waitFor } from '@rollcall/testing';
import type { Bench, BenchContext } from './bench.ts';
import { writeNumbers } from './ground/make-numbers.ts';
import { type Ground, openGround } from './ground/open-ground.ts';
import { openSite, type Site } from './ground/open-site.ts';
import { answerWithCsv, untilClosed } from './ground/until-closed.ts';
import { uploadJob } from './ground/upload-job.ts';
import { atMost, type Measurement, median } from './measurement.ts';

const smallBar = 2;
const tenantsBar = 1.1;
const smallJob = 1_000;
/** Small jobs one after the other, alone and beside the large one; the middle one counts. */
const smallJobs = 7;
const timeoutMs = 3_600_000;
const telegram = { check: 'telegram', account: 'ekycpro' };

/**
 * A small job beside a large one on the same account and the same worker, against the same job alone; and what three tenants of equal weight sent while all
 * had something to send, the most against the least.
 */
export const fair: Bench = {
  name: 'fair',
  about: 'a small job beside a large one, against the small one alone; three tenants’ shares',
  async run(context) {
    await using opened = new AsyncDisposableStack();
    const ground = await openGround();
    opened.defer(() => ground.stop());
    return [await passing(ground, context), await sharing(ground, context)];
  },
};

async function passing(ground: Ground, { folder, tell, ...context }: BenchContext) {
  const numbers = context.numbers ?? 10_000_000;
  const large = join(folder, 'large.txt');
  const small = join(folder, 'small.txt');
  await writeNumbers(large, numbers);
  await writeNumbers(small, smallJob);
  const databaseUrl = await ground.freshDatabase();
  const site = await openSite({ databaseUrl, folder, queue: 'postgres', workers: 1 });
  try {
    await answerWithCsv(site);
    const alone = await smallOnes(site, small, tell, () => true);
    tell(`alone ${alone.map((each) => each.toFixed(2)).join(', ')} s`);
    const job = await uploadJob(site, large, telegram);
    await waitFor(async () => (await chunksOf(site, job)).done >= 2, {
      describe: 'the large job to be under way',
      timeoutMs,
    });
    const beside = await smallOnes(
      site,
      small,
      tell,
      async () => (await chunksOf(site, job)).open > 0,
    );
    tell(`beside ${numbers} numbers ${beside.map((each) => each.toFixed(2)).join(', ')} s`);
    const [seconds, floor_seconds] = [median(beside), median(alone)];
    const ratio = seconds / floor_seconds;
    return {
      name: 'fair: a small job',
      numbers: smallJob,
      seconds,
      floor_seconds,
      ratio,
      rate_per_s: null,
      peak_rss_mb: await site.peakRss_mb(),
      ...atMost(ratio, smallBar, 'its time alone'),
    };
  } finally {
    await site.stop();
  }
}

/** From the upload of each to its last row, as long as what they are measured beside is there to the end. */
async function smallOnes(
  site: Site,
  path: string,
  tell: BenchContext['tell'],
  isStillSo: () => boolean | Promise<boolean>,
): Promise<number[]> {
  const seconds: number[] = [];
  for (let each = 0; each < smallJobs; each += 1) {
    const begun = performance.now();
    const job = await uploadJob(site, path, telegram);
    await untilClosed(site, job);
    if (!(await isStillSo())) break;
    seconds.push((performance.now() - begun) / 1_000);
    tell(await wayOf(site, job));
  }
  if (seconds.length < 3)
    throw new Error(`the large job was over after ${seconds.length} small ones: take more numbers`);
  return seconds;
}

/** Where a small job's time went, stage by stage. */
async function wayOf({ db }: Site, job: string): Promise<string> {
  const { rows } = await db.query<Record<string, number>>(
    `SELECT ${[
      'j.planned_at - j.created_at AS plan',
      'a.created_at - j.planned_at AS claim',
      'a.settled_at - a.created_at AS upload',
      '(SELECT max(p.at) FROM store.poll_history p WHERE p.chunk_id = c.id) - a.settled_at AS poll',
      'f.archived_at - (SELECT max(p.at) FROM store.poll_history p WHERE p.chunk_id = c.id) AS download',
      'j.finished_at - f.archived_at AS rows',
    ]
      .map((each) => `extract(epoch FROM ${each.replace(/ AS (\w+)$/, ')::float8 AS $1')}`)
      .join(', ')}
       FROM store.jobs j JOIN store.chunks c USING (job_no) JOIN store.attempts a ON a.id = c.attempt_id JOIN store.artifacts f ON f.id = c.artifact_id WHERE j.id = $1`,
    [job],
  );
  return Object.entries(rows[0] ?? {})
    .map(([stage, seconds]) => `${stage} ${seconds.toFixed(2)}`)
    .join(', ');
}

async function chunksOf({ db }: Site, job: string): Promise<{ done: number; open: number }> {
  const { rows } = await db.query<{ done: number; open: number }>(
    `SELECT count(*) FILTER (WHERE c.state = 'done')::int AS done, count(*) FILTER (WHERE c.closed_at IS NULL)::int AS open
       FROM store.chunks c JOIN store.jobs j USING (job_no) WHERE j.id = $1`,
    [job],
  );
  return rows[0] ?? { done: 0, open: 0 };
}

/** Chunks of each tenant: enough that one more or less is less than the bar. */
const chunksEach = 40;
const chunkSize = 200;

async function sharing(ground: Ground, { folder, tell }: BenchContext): Promise<Measurement> {
  const whole = join(folder, 'tenant.txt');
  const part = join(folder, 'part.txt');
  const parts = 5;
  await writeNumbers(whole, chunksEach * chunkSize);
  await writeNumbers(part, (chunksEach * chunkSize) / parts);
  const databaseUrl = await ground.freshDatabase();
  const site = await openSite({
    databaseUrl,
    folder,
    queue: 'postgres',
    workers: 1,
    chunkSize,
    editAccounts: (text) => text.replace(/^ {2}ekycpro:$/m, '$&\n    canary: off'),
  });
  try {
    // So that the slots are what they share, from the first chunk on.
    await site.simulator.control('POST', 'faults', {
      match: { operation: 'create' },
      next: 'all',
      action: { kind: 'delay', ms: 300 },
    });
    const begun = performance.now();
    const jobs = await Promise.all(
      ['one', 'two', 'three'].map(async (name, index) => {
        const { rows } = await site.db.query<{ id: number }>(
          'INSERT INTO store.tenants (name) VALUES ($1) RETURNING id',
          [name],
        );
        const tenantId = rows[0]?.id ?? 0;
        const { key } = await createApiKey(site.db, { tenantId, name, scopes: ['admin'] });
        const as = { apiUrl: site.apiUrl, apiKey: key };
        // One of them comes with its numbers in several jobs, which is to gain it nothing.
        return index === 0
          ? Promise.all(Array.from({ length: parts }, () => uploadJob(as, part, telegram)))
          : [await uploadJob(as, whole, telegram)];
      }),
    );
    for (const job of jobs.flat()) await untilClosed(site, job);
    const seconds = (performance.now() - begun) / 1_000;
    const shares = await sharesOf(site);
    tell(`sent while all three waited: ${shares.join(', ')}`);
    const ratio = Math.max(...shares) / Math.min(...shares);
    return {
      name: 'fair: three tenants',
      numbers: 3 * chunksEach * chunkSize,
      seconds,
      floor_seconds: null,
      ratio,
      rate_per_s: null,
      peak_rss_mb: await site.peakRss_mb(),
      ...atMost(ratio, tenantsBar, 'the least share'),
    };
  } finally {
    await site.stop();
  }
}

/** Numbers that each tenant sent from when all three had a turn to when the first had its last. */
async function sharesOf({ db }: Site): Promise<number[]> {
  const { rows } = await db.query<{ sent: number }>(
    `WITH spans AS (SELECT tenant_id, min(created_at) AS first, max(created_at) AS last FROM store.attempts GROUP BY tenant_id)
     SELECT sum(a.numbers)::int AS sent FROM store.attempts a
      WHERE a.created_at > (SELECT max(first) FROM spans) AND a.created_at <= (SELECT min(last) FROM spans)
      GROUP BY a.tenant_id`,
  );
  if (rows.length !== 3) throw new Error('the tenants did not send at the same time');
  return rows.map(({ sent }) => sent);
}
