import type { Database } from '@rollcall/db';
import type { TestSimulator } from '@rollcall/testing';
import type { EnqueuedJob } from './enqueue-job.ts';
import { patient } from './patient.ts';
import type { Facts } from './read-facts.ts';
import { readTruth } from './read-truth.ts';
import type { Violation } from './violation.ts';

/** Rows of one file that a scripted edit may take the answer of; scripted in provider-faults.ts. */
const editedRowsMax = 5;

interface Row {
  readonly number: number;
  readonly outcome: string;
  readonly chunk_no: number;
  readonly chunk_id: string;
  readonly state: string;
}

/**
 * P1 and P10, against the simulator's ground truth: both sums of every job hold, rows are there whole or not at all, no number of an
 * answered chunk has another answer than the truth, and none has no answer unless the provider's file was scripted to lack it.
 * `edits`: how many files the simulator edited rows of.
 */
export async function checkResults(
  db: Database,
  simulator: TestSimulator,
  jobs: readonly EnqueuedJob[],
  { chunks, jobs: states }: Facts,
  edits: number,
): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const { id, audit, state } of states) {
    if (audit.ok) continue;
    const own = chunks
      .filter(({ job_id }) => job_id === id)
      .map((chunk) => `${chunk.numbers} ${chunk.state} ${chunk.reason ?? ''}`.trim());
    const what = `the sums of job ${id} (${state}) do not hold: ${JSON.stringify(audit)}; chunks: ${own.join(', ')}`;
    violations.push({ kind: 'lost', chunkId: null, count: 1, what });
  }
  for (const { id, state, rows, numbers } of chunks) {
    const whole = ['done', 'failed', 'rejected', 'cancelled'].includes(state) ? numbers : 0;
    if (rows === whole) continue;
    const what = `is ${state} with ${rows} of ${numbers} rows`;
    violations.push({ kind: 'partial', chunkId: id, count: Math.abs(rows - whole), what });
  }
  let unanswered = 0;
  for (const job of jobs) {
    const truth = await readTruth(simulator, job);
    const { rows } = await patient(() =>
      db.query<Row>(
        `SELECT r.number, r.outcome, r.chunk_no, c.id AS chunk_id, c.state FROM store.results r JOIN store.chunks c ON c.job_no = r.job_no AND c.chunk_no = r.chunk_no
           JOIN store.jobs j ON j.job_no = r.job_no WHERE j.id = $1`,
        [job.id],
      ),
    );
    const rowless = job.numbers - new Set(rows.map(({ number }) => number)).size;
    if (rowless > 0) {
      violations.push({
        kind: 'lost',
        chunkId: null,
        count: rowless,
        what: `${rowless} numbers of job ${job.id} have no row`,
      });
    }
    for (const own of Map.groupBy(rows, ({ chunk_id }) => chunk_id).values()) {
      const found = compare(own, truth);
      violations.push(...found.violations);
      unanswered += found.unanswered;
    }
  }
  if (unanswered > edits) {
    violations.push({
      kind: 'lost',
      chunkId: null,
      count: unanswered,
      what: `${unanswered} files lack answers, and only ${edits} were scripted to`,
    });
  }
  return violations;
}

/** `unanswered`: 1 where some numbers that the provider knows ended as missing or undetermined, as an edited file makes them. */
function compare(
  rows: readonly Row[],
  truth: ReadonlyMap<number, string>,
): { violations: Violation[]; unanswered: 0 | 1 } {
  const [first] = rows;
  if (first?.state !== 'done') return { violations: [], unanswered: 0 };
  const differing = rows.filter(({ number, outcome }) => truth.get(number) !== outcome);
  const silent = differing.filter(
    ({ outcome }) => outcome !== 'missing' && outcome !== 'undetermined',
  );
  const violations: Violation[] = [];
  const report = (count: number, what: string) =>
    violations.push({ kind: 'lost', chunkId: first.chunk_id, count, what });
  if (silent.length > 0)
    report(
      silent.length,
      `${silent.length} rows are wrong, e.g. ${silent[0]?.outcome} for ${truth.get(silent[0]?.number ?? 0)}`,
    );
  const without = differing.length - silent.length;
  if (without > editedRowsMax) report(without, `${without} numbers have no answer`);
  return { violations, unanswered: without > 0 ? 1 : 0 };
}
