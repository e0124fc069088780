import { createHash } from 'node:crypto';
import type { Database } from '@rollcall/db';
import type { TestSimulator } from '@rollcall/testing';
import type { EnqueuedJob } from '../ground/enqueue-job.ts';
import { patient } from '../ground/patient.ts';

export interface ChunkFact {
  readonly id: string;
  readonly job_id: string;
  readonly check_name: string;
  readonly account: string;
  readonly state: string;
  readonly reason: string | null;
  readonly held_detail: string | null;
  readonly attempt_id: string | null;
  readonly artifact_id: string | null;
  readonly numbers: number;
  /** Of these, how many were erased: they have no row. */
  readonly erased: number;
  /** What it was cut to, of which some may have been suppressed or erased since. */
  readonly first_number: number;
  readonly last_number: number;
  readonly rows: number;
  /** As the simulator's ledger names an upload of all of them. */
  readonly sha256: string;
}

export interface AttemptFact {
  readonly id: string;
  readonly chunk_id: string;
  readonly outcome: string;
  readonly outcome_reason: string | null;
  readonly task_id: string | null;
  readonly amount: string;
  readonly place: string;
  /** When its intent was written. */
  readonly created_at: Date;
  /** When the last look before its first byte began; null: it was not sent. */
  readonly begun_at: Date | null;
  /** The task ids that its upload was answered with, decided on meanwhile or not. */
  readonly answered: readonly string[];
}

/** A person's word that a chunk may be paid for once more. */
export interface ApprovalFact {
  readonly chunk_id: string;
  /** What was said of the upload before: that it was not charged, or that its money is lost. */
  readonly lifted_to: 'not_charged' | 'written_off';
  readonly created_at: Date;
}

/** A line of the simulator's ledger; apps/simulator/README.md. */
export interface Charge {
  readonly seq: number;
  readonly at: string;
  readonly account: string;
  readonly task_id: string;
  readonly shown_task_id: string;
  readonly numbers: number;
  readonly amount: number;
  /** That of the chunk that it is of, even where some of its numbers were left out; of no chunk: that of what was uploaded. */
  readonly numbers_sha256: string;
  /** What was uploaded. */
  readonly list: readonly number[];
}

export interface JobFact {
  readonly id: string;
  readonly state: string;
  /** Both sums, as rollcall.audit counts them. */
  readonly audit: Readonly<Record<string, unknown>> & { readonly ok: boolean };
}

/** What both books say: Rollcall's, and that of the providers, which is the oracle. */
export interface Facts {
  readonly chunks: readonly ChunkFact[];
  readonly attempts: readonly AttemptFact[];
  readonly approvals: readonly ApprovalFact[];
  readonly charges: readonly Charge[];
  readonly jobs: readonly JobFact[];
}

export async function readFacts(
  db: Database,
  simulator: TestSimulator,
  jobs: readonly EnqueuedJob[],
): Promise<Facts> {
  const charges = await readCharges(simulator);
  return patient(async () => {
    const chunks = await db.query<Omit<ChunkFact, 'sha256'>>(
      `SELECT c.id, j.id AS job_id, j.check_name, c.account, c.state, c.reason, c.held_detail, c.attempt_id, c.artifact_id, c.numbers, c.erased,
              k.first_number, k.last_number,
              (SELECT count(*) FROM store.results r WHERE r.job_no = c.job_no AND r.chunk_no = c.chunk_no) AS rows
         FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no JOIN storm.cuts k ON k.chunk_id = c.id ORDER BY c.job_no, c.chunk_no`,
    );
    const attempts = await db.query<AttemptFact>(
      `SELECT a.id, a.chunk_id, a.outcome, a.outcome_reason, a.task_id, a.amount::text, a.created_at, b.at AS begun_at, m.place,
              ARRAY(SELECT e.task_id FROM store.evidence e WHERE e.attempt_id = a.id AND e.operation = 'submit' AND e.task_id IS NOT NULL) AS answered
         FROM store.attempts a JOIN store.attempt_money m ON m.attempt_id = a.id LEFT JOIN storm.begun b ON b.attempt_id = a.id ORDER BY a.created_at`,
    );
    const approvals = await db.query<ApprovalFact>(
      'SELECT chunk_id, lifted_to, created_at FROM store.approvals ORDER BY created_at',
    );
    const states = await db.query<JobFact>(
      'SELECT j.id, j.state, (SELECT to_jsonb(a) FROM rollcall.audit(j.id) a) AS audit FROM store.jobs j ORDER BY j.job_no',
    );
    const cut = chunks.rows.map((chunk) => ({ ...chunk, sha256: digestOf(chunk, jobs) }));
    return {
      chunks: cut,
      attempts: attempts.rows,
      approvals: approvals.rows,
      charges: charges.map((charge) => ({
        ...charge,
        numbers_sha256: chunkOf(charge.list, cut)?.sha256 ?? charge.numbers_sha256,
      })),
      jobs: states.rows,
    };
  });
}

/** By task, since what was uploaded does not change. */
const uploaded = new WeakMap<TestSimulator, Map<string, readonly number[]>>();

async function readCharges(simulator: TestSimulator): Promise<readonly Charge[]> {
  const { charges } = (await simulator.control('GET', 'ledger')) as {
    charges: Omit<Charge, 'list'>[];
  };
  const lists = uploaded.get(simulator) ?? new Map<string, readonly number[]>();
  uploaded.set(simulator, lists);
  const read: Charge[] = [];
  for (const charge of charges) {
    const { task_id } = charge;
    const list = lists.get(task_id) ?? (await readUpload(simulator, task_id));
    lists.set(task_id, list);
    read.push({ ...charge, list });
  }
  return read;
}

async function readUpload(simulator: TestSimulator, taskId: string): Promise<readonly number[]> {
  const answer = await fetch(`${simulator.url}/_sim/tasks/${encodeURIComponent(taskId)}/numbers`);
  if (!answer.ok) throw new Error(`numbers of ${taskId}: ${answer.status}`);
  return (await answer.text()).trimEnd().split('\n').map(Number);
}

/** The one that all numbers of an upload are of. What was cut anew has them again. */
function chunkOf(list: readonly number[], chunks: readonly ChunkFact[]): ChunkFact | undefined {
  return chunks.find(
    ({ state, first_number, last_number }) =>
      state !== 'superseded' &&
      list.every((number) => number >= first_number && number <= last_number),
  );
}

function digestOf(chunk: Omit<ChunkFact, 'sha256'>, jobs: readonly EnqueuedJob[]): string {
  const hash = createHash('sha256');
  for (const number of jobs.find(({ id }) => id === chunk.job_id)?.list ?? []) {
    if (number >= chunk.first_number && number <= chunk.last_number) hash.update(`${number}\n`);
  }
  return hash.digest('hex');
}
