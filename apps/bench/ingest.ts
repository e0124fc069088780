import { join } from 'node:path';
import type { ChunkId } from '@rollcall/domain';
import { openQueues } from '@rollcall/queue';
import { waitFor } from '@rollcall/testing';
import type { Bench, BenchContext } from './bench.ts';
import { copyFloor } from './ground/copy-floor.ts';
import { writeNumbers } from './ground/make-numbers.ts';
import { type Ground, openGround } from './ground/open-ground.ts';
import { openSite, type Site } from './ground/open-site.ts';
import { answerWithCsv, countRows, untilClosed } from './ground/until-closed.ts';
import { uploadJob } from './ground/upload-job.ts';
import { startProfile } from './ground/profile.ts';
import { againstFloor, type Measurement } from './measurement.ts';

const bar = 1.6;
/** What a file of the provider may hold at most. */
const oneFileMax = 1_000_000;
const timeoutMs = 300_000;

/**
 * From the artifact in the archive to its rows committed and the job closed, by one worker, against COPY of the same rows. Twice: in the chunks that accounts are shipped
 * with, of 50,000, which are read three at a time, and in one file.
 */
export const ingest: Bench = {
  name: 'ingest',
  about: 'artifact in the archive, to rows committed, against COPY of the same rows',
  async run(context) {
    const numbers = context.numbers ?? 1_000_000;
    const path = join(context.folder, 'numbers.txt');
    await writeNumbers(path, numbers);
    await using opened = new AsyncDisposableStack();
    const ground = await openGround();
    opened.defer(() => ground.stop());
    const inChunks = await measure(ground, context, { name: 'ingest', path, numbers });
    if (numbers > oneFileMax) return [inChunks];
    const name = 'ingest of one file';
    return [inChunks, await measure(ground, context, { name, path, numbers, chunkSize: numbers })];
  },
};

interface Asked {
  readonly name: string;
  readonly path: string;
  readonly numbers: number;
  readonly chunkSize?: number;
}

async function measure(ground: Ground, context: BenchContext, asked: Asked): Promise<Measurement> {
  const { name, numbers } = asked;
  const { databaseUrl, seconds, peak_rss_mb } = await fromArchive(ground, context, asked, 1);
  const floor = await copyFloor(ground, databaseUrl, ['results'], context.folder);
  context.tell(`COPY took ${floor.processor_s.toFixed(2)} s of processor`);
  const floor_seconds = floor.seconds['results'] ?? Number.NaN;
  return againstFloor({ name, numbers, seconds, floor_seconds, peak_rss_mb }, bar);
}

/** From the moment in which all files of a job are in the archive to its last row. */
export async function fromArchive(
  ground: Ground,
  { folder, tell }: Pick<BenchContext, 'folder' | 'tell'>,
  { name, path, numbers, chunkSize }: Asked,
  workers: number,
): Promise<{
  readonly databaseUrl: string;
  readonly seconds: number;
  readonly peak_rss_mb: Record<string, number>;
}> {
  const databaseUrl = await ground.freshDatabase();
  const site = await openSite({
    databaseUrl,
    folder,
    queue: 'postgres',
    workers,
    ...(chunkSize !== undefined && { chunkSize }),
    editAccounts: withoutCanary,
  });
  try {
    await answerWithCsv(site);
    await site.db.query(refuseRows);
    const job = await uploadJob(site, path, { check: 'telegram', account: 'ekycpro' });
    const chunks = await untilAllArchived(site, job);
    await ground.settle(databaseUrl);
    tell(`${name}: ${chunks} files are in the archive`);
    const profile = await startProfile(ground, site);
    const begun = performance.now();
    await letGo(site, databaseUrl);
    await untilClosed(site, job);
    const seconds = (performance.now() - begun) / 1_000;
    tell(`${name}: ${seconds.toFixed(1)} s with ${workers} of it; ${await profile()}`);
    await countRows(site, job, numbers);
    return { databaseUrl, seconds, peak_rss_mb: await site.peakRss_mb() };
  } finally {
    await site.stop();
  }
}

/** No chunk waits for the first: all files are there before any is read. */
function withoutCanary(accounts: string): string {
  return accounts.replace(/^ {2}ekycpro:$/m, '$&\n    canary: off');
}

/** To the worker the disk is full, which costs no try: it archives each file, reads it, and leaves it for later. */
const refuseRows = `
  CREATE FUNCTION refuse_rows() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'no row yet' USING ERRCODE = 'disk_full'; END $$;
  CREATE TRIGGER refuse_rows BEFORE INSERT ON store.results FOR EACH STATEMENT EXECUTE FUNCTION refuse_rows()`;

async function untilAllArchived({ db }: Site, job: string): Promise<number> {
  return await waitFor(
    async () => {
      const { rows } = await db.query<{ archived: number; all: number }>(
        `SELECT count(*) FILTER (WHERE c.state = 'result_ready' AND c.artifact_id IS NOT NULL)::int AS archived, count(*)::int AS all
           FROM store.chunks c JOIN store.jobs j USING (job_no) WHERE j.id = $1`,
        [job],
      );
      const { archived = 0, all = 0 } = rows[0] ?? {};
      return archived === all ? archived : 0;
    },
    { describe: 'all files to be archived', timeoutMs, everyMs: 50 },
  );
}

/** As a poll does that finds a result ready: the chunk is due, and its doorbell rings. */
async function letGo({ db }: Site, databaseUrl: string): Promise<void> {
  const queues = await openQueues({
    databaseUrl,
    databaseRole: 'rollcall_queue',
    accounts: ['ekycpro'],
    onError: () => undefined,
  });
  try {
    await db.query('DROP TRIGGER refuse_rows ON store.results');
    const { rows } = await db.query<{ id: ChunkId; ring_no: number }>(
      `UPDATE store.chunks SET due_at = clock_timestamp(), rung_at = clock_timestamp(), ring_no = ring_no + 1
        WHERE state = 'result_ready' RETURNING id, ring_no`,
    );
    await queues.ring(
      rows.map(({ id: chunkId, ring_no: ring }) => ({ stage: 'ingest', chunkId, ring })),
    );
  } finally {
    await queues.close();
  }
}
