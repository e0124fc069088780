import type { Database } from '@rollcall/db';
import type { TestSimulator } from '@rollcall/testing';
import type { EnqueuedJob } from '../ground/enqueue-job.ts';
import { patient } from '../ground/patient.ts';
import { readTruth } from './read-truth.ts';

/** A number's row among the results. */
export interface AnswerRow {
  readonly number: number;
  readonly outcome: string;
  readonly chunk_id: string;
  /** The chunk's. */
  readonly state: string;
}

/** What a job was answered, and what it should have been. */
export interface JobAnswers {
  readonly jobId: string;
  /** How many it has. */
  readonly numbers: number;
  readonly rows: readonly AnswerRow[];
  readonly truth: ReadonlyMap<number, string>;
}

export async function readAnswers(
  db: Database,
  simulator: TestSimulator,
  job: EnqueuedJob,
): Promise<JobAnswers> {
  const { rows } = await patient(() =>
    db.query<AnswerRow>(
      `SELECT r.number, r.outcome, c.id AS chunk_id, c.state FROM store.results r JOIN store.chunks c ON c.job_no = r.job_no AND c.chunk_no = r.chunk_no
         JOIN store.jobs j ON j.job_no = r.job_no WHERE j.id = $1`,
      [job.id],
    ),
  );
  return { jobId: job.id, numbers: job.numbers, rows, truth: await readTruth(simulator, job) };
}
