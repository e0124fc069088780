import { randomBytes } from 'node:crypto';
import { makeId } from '@rollcall/domain';
import type { Ground } from './open-ground.ts';

/** A closed job whose rows were written by SQL. */
export interface FilledJob {
  readonly id: string;
  readonly jobNo: number;
  readonly day: string;
  readonly first: number;
  readonly numbers: number;
}

const numbersOfJob = 1_000_000;
const numbersOfChunk = 50_000;
const first = 48_500_000_000;

/** Closed jobs of the tenant 1 with so many answered numbers together, in chunks as they are shipped, and the sums that go with them. */
export async function fillResults(
  ground: Ground,
  url: string,
  numbers: number,
  tell: (line: string) => void,
): Promise<readonly FilledJob[]> {
  const jobs: FilledJob[] = [];
  for (let left = numbers; left > 0; left -= numbersOfJob) {
    const job = {
      id: makeId('job', Date.now(), randomBytes(10)),
      jobNo: jobs.length + 1,
      day: new Date().toISOString().slice(0, 10),
      first,
      numbers: Math.min(left, numbersOfJob),
    };
    await ground.query(url, withoutTriggers(job));
    // With triggers: these are what the sums are kept from.
    await ground.query(
      url,
      `INSERT INTO store.job_outcomes (job_no, outcome, numbers)
       SELECT job_no, outcome, count(*) FROM store.results WHERE job_no = $1 AND job_day = $2 GROUP BY 1, 2`,
      [job.jobNo, job.day],
    );
    jobs.push(job);
    if (jobs.length % 5 === 0) tell(`${jobs.length} jobs of ${numbersOfJob} rows are written`);
  }
  await ground.query(url, 'VACUUM (ANALYZE) store.results');
  await ground.query(url, 'ANALYZE store.chunks');
  await ground.settle(url);
  return jobs;
}

/** What is written without uploads: the schema's CHECKs hold for it, and its references to attempts lead nowhere. */
function withoutTriggers({ id, jobNo, day, numbers }: FilledJob): string {
  return `SET session_replication_role = replica;
    INSERT INTO store.jobs (job_no, id, job_day, tenant_id, check_name, account, purpose, requested_by, currency, state, lines, accepted, duplicates, rejected, planned_at, finished_at)
    OVERRIDING SYSTEM VALUE
    VALUES (${jobNo}, '${id}', '${day}', 1, 'telegram', 'ekycpro', 'a bench', 'bench', 'USD', 'completed', ${numbers}, ${numbers}, 0, 0, now(), now());
    INSERT INTO store.chunks (id, job_no, tenant_id, chunk_no, account, first_number, last_number, numbers, state, attempt_id, artifact_id, cost_per_number, closed_at)
    SELECT format('chk_%s_%s', ${jobNo}, n), ${jobNo}, 1, n, 'ekycpro', ${first} + (n - 1) * ${numbersOfChunk}::bigint, ${first} + n * ${numbersOfChunk}::bigint - 1, ${numbersOfChunk}, 'done',
           format('att_%s_%s', ${jobNo}, n), format('art_%s_%s', ${jobNo}, n), 0.0005, now()
      FROM generate_series(1, ${Math.ceil(numbers / numbersOfChunk)}) n;
    INSERT INTO store.results (job_day, tenant_id, number, job_no, chunk_no, outcome)
    SELECT '${day}', 1, ${first} + n, ${jobNo}, n / ${numbersOfChunk} + 1, CASE WHEN n % 3 = 0 THEN 'not_registered' WHEN n % 1000 = 1 THEN 'missing' ELSE 'registered' END
      FROM generate_series(0, ${numbers - 1}) n`;
}
