import http from 'node:http';
import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Bench, BenchContext } from './bench.ts';
import { type FilledJob, fillResults } from './ground/fill-results.ts';
import { openReader } from './ground/open-reader.ts';
import { type Ground, openGround } from './ground/open-ground.ts';
import { openSite, type Site } from './ground/open-site.ts';
import { startProfile } from './ground/profile.ts';
import { type Measurement, median } from './measurement.ts';

const rowsOfTable = 20_000_000;
const readers = 50;
const pagesOfReader = 60;
const warmUpPages = 20;
const summaries = 200;
const pageMax_ms = 20;
const summaryMax_ms = 5;
const exportBar = 0.7;

/** Pages at fifty readers, the summary and a csv export of a table of 20 M rows, each over HTTP, against the same SQL by hand. */
export const read: Bench = {
  name: 'read',
  about: 'results page, summary and csv export over 20 M rows, against the same SQL by hand',
  async run(context) {
    await using opened = new AsyncDisposableStack();
    const ground = await openGround();
    opened.defer(() => ground.stop());
    const databaseUrl = await ground.freshDatabase();
    const numbers = context.numbers ?? rowsOfTable;
    const jobs = await fillResults(ground, databaseUrl, numbers, context.tell);
    const site = await openSite({
      databaseUrl,
      folder: context.folder,
      queue: 'postgres',
      workers: 0,
      environment: { ROLLCALL_REQUESTS_PER_MINUTE_PER_KEY: '100000000' },
    });
    opened.defer(() => site.stop());
    const agent = new http.Agent({ keepAlive: true, maxSockets: readers });
    opened.defer(() => {
      agent.destroy();
    });
    const api: Api = { ground, site, agent };
    const ofTable = { databaseUrl, jobs, numbers };
    return [
      await measurePages(api, ofTable, context),
      await measureSummary(api, ofTable, context),
      await measureExport(api, ofTable, context),
    ];
  },
};

interface Api {
  readonly ground: Ground;
  readonly site: Site;
  readonly agent: http.Agent;
}

interface Table {
  readonly databaseUrl: string;
  readonly jobs: readonly FilledJob[];
  readonly numbers: number;
}

/** Every reader walks pages of one job after the other; by hand they read the same pages. The API has been running for a while: of its first requests most is compiling. */
async function measurePages(
  api: Api,
  { databaseUrl, jobs, numbers }: Table,
  { tell }: BenchContext,
): Promise<Measurement> {
  await pagesOverHttp(api, jobs, warmUpPages);
  const spent = await startProfile(api.ground, api.site);
  const own = process.cpuUsage();
  const begun = performance.now();
  const times = await pagesOverHttp(api, jobs, pagesOfReader);
  const rate_per_s = times.length / ((performance.now() - begun) / 1_000);
  const { user, system } = process.cpuUsage(own);
  tell(
    `${times.length} pages: ${await spent()}; their readers ${((user + system) / 1e6).toFixed(2)}`,
  );
  const floors = await pagesByHand(databaseUrl, jobs);
  const p99 = percentile(times, 0.99);
  const floor = percentile(floors, 0.99);
  tell(
    `page: p50 ${median(times).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms; by hand ${median(floors).toFixed(1)} and ${floor.toFixed(1)} ms`,
  );
  return {
    name: 'read/page',
    numbers,
    seconds: p99 / 1_000,
    floor_seconds: floor / 1_000,
    ratio: p99 / floor,
    rate_per_s,
    peak_rss_mb: await api.site.peakRss_mb(),
    bar: `p99 ≤ ${pageMax_ms} ms at ${readers} readers`,
    ok: p99 <= pageMax_ms,
  };
}

/** How long each of the pages took, in milliseconds. */
async function pagesOverHttp(
  { site }: Api,
  jobs: readonly FilledJob[],
  pages: number,
): Promise<readonly number[]> {
  const times: number[] = [];
  await Promise.all(
    Array.from({ length: readers }, async (_, reader) => {
      const connection = await openReader(site.apiUrl, site.apiKey);
      try {
        let cursor = '';
        for (let page = 0; page < pages; page += 1) {
          const job = jobs[(reader + Math.floor(page / 10)) % jobs.length];
          if (page % 10 === 0) cursor = '';
          const { body, took_ms } = await connection.get(`/v1/jobs/${job?.id}/results${cursor}`);
          times.push(took_ms);
          cursor = nextCursor(body);
        }
      } finally {
        connection.close();
      }
    }),
  );
  return times;
}

/** Found and not parsed: 50 readers share one process, and the processors with the API. */
function nextCursor(body: Buffer): string {
  const found = /"next_cursor":"([^"]+)"/.exec(
    body.toString('latin1', Math.max(0, body.byteLength - 200)),
  );
  return found ? `?cursor=${found[1]}` : '';
}

async function pagesByHand(url: string, jobs: readonly FilledJob[]): Promise<readonly number[]> {
  const times: number[] = [];
  await Promise.all(
    Array.from({ length: readers }, async (_, reader) => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      try {
        let after = 0;
        for (let page = 0; page < pagesOfReader; page += 1) {
          const job = jobs[(reader + Math.floor(page / 10)) % jobs.length];
          if (page % 10 === 0) after = 0;
          const begun = performance.now();
          const { rows } = await client.query<{ number: string }>(
            `SELECT r.number, r.outcome, r.attributes, c.account, c.cost_per_number, c.closed_at
               FROM (SELECT * FROM store.results WHERE job_no = $1 AND job_day = $2 AND number > $3 ORDER BY number LIMIT 101) r
               JOIN store.chunks c ON c.job_no = r.job_no AND c.chunk_no = r.chunk_no ORDER BY r.number`,
            [job?.jobNo, job?.day, after],
          );
          times.push(performance.now() - begun);
          after = Number(rows.at(-2)?.number ?? 0);
        }
      } finally {
        await client.end();
      }
    }),
  );
  return times;
}

async function measureSummary(
  api: Api,
  { databaseUrl, numbers }: Table,
  { tell }: BenchContext,
): Promise<Measurement> {
  const times: number[] = [];
  for (let asked = 0; asked < summaries; asked += 1) {
    const { text, took_ms } = await get(api, '/v1/summary');
    times.push(took_ms);
    const outcomes = Object.values(JSON.parse(text).outcomes as Record<string, number>);
    const counted = outcomes.reduce((sum, each) => sum + each, 0);
    if (counted !== numbers) throw new Error(`the summary has ${counted} of ${numbers} numbers`);
  }
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const floors: number[] = [];
  for (let asked = 0; asked < summaries; asked += 1) {
    const begun = performance.now();
    await client.query(
      'SELECT day, check_name, outcome, sum(numbers) FROM store.tenant_days WHERE tenant_id = 1 GROUP BY 1, 2, 3',
    );
    floors.push(performance.now() - begun);
  }
  await client.end();
  const seconds = median(times) / 1_000;
  const floor_seconds = median(floors) / 1_000;
  tell(`summary: p50 ${median(times).toFixed(2)} ms, p99 ${percentile(times, 0.99).toFixed(2)} ms`);
  return {
    name: 'read/summary',
    numbers,
    seconds,
    floor_seconds,
    ratio: seconds / floor_seconds,
    rate_per_s: null,
    peak_rss_mb: {},
    bar: `≤ ${summaryMax_ms} ms`,
    ok: seconds * 1_000 <= summaryMax_ms,
  };
}

async function measureExport(
  api: Api,
  { databaseUrl, jobs }: Table,
  { tell }: BenchContext,
): Promise<Measurement> {
  const [job] = jobs;
  if (!job) throw new Error('there is no job');
  const exported = await get(api, `/v1/jobs/${job.id}/export?format=csv`, false);
  const begun = performance.now();
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  let copied = 0;
  const copy = client.query(
    copyTo(
      `COPY (SELECT number, outcome, account, source, cost, checked_at FROM rollcall.results WHERE job_id = '${job.id}' ORDER BY number) TO STDOUT (FORMAT csv)`,
    ),
  );
  for await (const piece of copy) copied += (piece as Buffer).byteLength;
  await client.end();
  const floor_seconds = (performance.now() - begun) / 1_000;
  const seconds = exported.took_ms / 1_000;
  const ratio = floor_seconds / seconds;
  tell(
    `export: ${exported.bytes} bytes in ${seconds.toFixed(2)} s; COPY TO ${copied} bytes in ${floor_seconds.toFixed(2)} s`,
  );
  return {
    name: 'read/export',
    numbers: job.numbers,
    seconds,
    floor_seconds,
    ratio,
    rate_per_s: job.numbers / seconds,
    peak_rss_mb: await api.site.peakRss_mb(),
    bar: `≥ ${exportBar} × the rate of COPY TO`,
    ok: ratio >= exportBar,
  };
}

/** One answer, read to its end. Without `keep` its bytes are counted alone. */
async function get(
  { site, agent }: Api,
  path: string,
  keep = true,
): Promise<{ readonly text: string; readonly bytes: number; readonly took_ms: number }> {
  const begun = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${site.apiKey}` };
    const request = http.get(`${site.apiUrl}${path}`, { agent, headers }, (answer) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      answer.on('data', (piece: Buffer) => {
        bytes += piece.byteLength;
        if (keep) pieces.push(piece);
      });
      answer.on('error', reject);
      answer.on('end', () => {
        const text = Buffer.concat(pieces).toString();
        if (answer.statusCode === 200) {
          resolve({ text, bytes, took_ms: performance.now() - begun });
        } else {
          reject(new Error(`${path.split('?')[0]} was answered with ${answer.statusCode}`));
        }
      });
    });
    request.on('error', reject);
  });
}

function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
