import { waitFor } from '@rollcall/testing';
import type { Site } from './open-site.ts';

const timeoutMs = 3_600_000;

/** Waits until a job has closed; throws where one of its chunks is held, which nobody here decides on. */
export async function untilClosed({ db }: Pick<Site, 'db'>, job: string): Promise<void> {
  await waitFor(
    async () => {
      const { rows } = await db.query<{ finished_at: Date | null; held: number }>(
        `SELECT finished_at, (SELECT count(*)::int FROM store.chunks c WHERE c.job_no = j.job_no AND c.state = 'held') AS held
           FROM store.jobs j WHERE id = $1`,
        [job],
      );
      if (rows[0]?.held !== 0) throw new Error('a chunk of the job is held');
      return rows[0].finished_at !== null;
    },
    { describe: 'the job to close', timeoutMs, everyMs: 50 },
  );
}

/** Throws unless the job has a row for each of so many numbers, counted one by one: anything else is no measurement. */
export async function countRows(
  { db }: Pick<Site, 'db'>,
  job: string,
  numbers: number,
): Promise<void> {
  const { rows } = await db.query<{ counted: number }>(
    'SELECT count(*)::int AS counted FROM store.results r JOIN store.jobs j USING (job_no, job_day) WHERE j.id = $1',
    [job],
  );
  if (rows[0]?.counted !== numbers) throw new Error(`${rows[0]?.counted} rows of ${numbers}`);
}

/** All result files as a zip with one csv, whatever the simulator's turn would be. */
export async function answerWithCsv({ simulator }: Pick<Site, 'simulator'>): Promise<void> {
  await simulator.control('POST', 'faults', {
    match: { operation: 'create' },
    next: 'all',
    action: { kind: 'file', edits: { layout: 'zip_csv' } },
  });
}
