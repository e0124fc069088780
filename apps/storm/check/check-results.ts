import type { AnswerRow, JobAnswers } from './read-answers.ts';
import type { Facts } from './read-facts.ts';
import type { Violation } from './violation.ts';

/** Rows of one file that a scripted edit may take the answer of; scripted in provider-faults.ts. */
const editedRowsMax = 5;

/**
 * P1 and P10, against the simulator's ground truth: both sums of every job hold, rows are there whole or not at all, no number of an
 * answered chunk has another answer than the truth, and none has no answer unless the provider's file was scripted to lack it.
 * `edits`: how many files the simulator edited rows of. `mayBeSuppressed`: what was put on the suppression list; an erased number has no row.
 */
export function checkResults(
  { chunks, jobs }: Facts,
  answers: readonly JobAnswers[],
  edits: number,
  mayBeSuppressed: ReadonlySet<number> = new Set(),
): Violation[] {
  const violations: Violation[] = [];
  for (const { id, audit, state } of jobs) {
    if (audit.ok) continue;
    const own = chunks
      .filter(({ job_id }) => job_id === id)
      .map((chunk) => `${chunk.numbers} ${chunk.state} ${chunk.reason ?? ''}`.trim());
    const what = `the sums of job ${id} (${state}) do not hold: ${JSON.stringify(audit)}; chunks: ${own.join(', ')}`;
    violations.push({ kind: 'lost', chunkId: null, jobId: id, count: 1, what });
  }
  for (const { id, state, rows, numbers, erased } of chunks) {
    const isClosed = ['done', 'failed', 'rejected', 'cancelled'].includes(state);
    const whole = isClosed ? numbers - erased : 0;
    if (rows === whole) continue;
    const what = `is ${state} with ${rows} of ${numbers - erased} rows`;
    violations.push({ kind: 'partial', chunkId: id, count: Math.abs(rows - whole), what });
  }
  const unanswered: string[] = [];
  for (const { jobId, numbers, rows, truth } of answers) {
    const erased = chunks
      .filter(({ job_id, state }) => job_id === jobId && state !== 'superseded')
      .reduce((sum, chunk) => sum + chunk.erased, 0);
    const rowless = numbers - erased - new Set(rows.map(({ number }) => number)).size;
    if (rowless > 0) {
      const what = `${rowless} numbers of job ${jobId} have no row`;
      violations.push({ kind: 'lost', chunkId: null, jobId, count: rowless, what });
    }
    for (const [chunkId, own] of Map.groupBy(rows, ({ chunk_id }) => chunk_id)) {
      const found = compare(own, truth, mayBeSuppressed);
      for (const violation of found.violations) violations.push({ ...violation, chunkId });
      if (found.lacksAnswers) unanswered.push(chunkId);
    }
  }
  for (const chunkId of unanswered.length > edits ? unanswered : []) {
    const what = `one of ${unanswered.length} files that lack answers, and only ${edits} were scripted to`;
    violations.push({ kind: 'lost', chunkId, count: 1, what });
  }
  return violations;
}

/** `lacksAnswers`: some numbers that the provider knows ended as missing or undetermined, as an edited file makes them. */
function compare(
  rows: readonly AnswerRow[],
  truth: ReadonlyMap<number, string>,
  mayBeSuppressed: ReadonlySet<number>,
): { violations: Omit<Violation, 'chunkId'>[]; lacksAnswers: boolean } {
  if (rows[0]?.state !== 'done') return { violations: [], lacksAnswers: false };
  const differing = rows.filter(
    ({ number, outcome }) =>
      truth.get(number) !== outcome && !(outcome === 'suppressed' && mayBeSuppressed.has(number)),
  );
  const silent = differing.filter(
    ({ outcome }) => outcome !== 'missing' && outcome !== 'undetermined',
  );
  const violations: Omit<Violation, 'chunkId'>[] = [];
  const [wrong] = silent;
  if (wrong) {
    const what = `${silent.length} rows are wrong, e.g. ${wrong.outcome} for ${truth.get(wrong.number)}`;
    violations.push({ kind: 'lost', count: silent.length, what });
  }
  const without = differing.length - silent.length;
  if (without > editedRowsMax) {
    violations.push({ kind: 'lost', count: without, what: `${without} numbers have no answer` });
  }
  return { violations, lacksAnswers: without > 0 };
}
