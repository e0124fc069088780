import type { Database } from '@rollcall/db';
import type { DemoCheck } from './checks.ts';
import { countMismatches, type Row } from './count-mismatches.ts';
import type { DemoUpload } from './make-upload.ts';
import type { Charge, SimulatorControl } from './simulator-control.ts';

export interface Compared {
  readonly numbers: number;
  readonly rows: number;
  /** Numbers without a row, rows without a number, and rows that say something else than the truth. */
  readonly mismatches: number;
  /** Everything that is not as it should be, in words; empty where all is well. */
  readonly problems: readonly string[];
}

/** Holds one job against what was sent, what is true, and what was charged, each told by somebody other than Rollcall's own code. */
export async function compare(
  job: { readonly id: string; readonly check: DemoCheck; readonly upload: DemoUpload },
  rejectReasons: Readonly<Record<string, number>>,
  database: Database,
  simulator: SimulatorControl,
  charges: readonly Charge[],
): Promise<Compared> {
  const { expected } = job.upload;
  const { account, taskType } = job.check.simulated;
  const [truth, rows, audit, counts, spend] = await Promise.all([
    simulator.truth(account, taskType, expected.numbers),
    resultsOf(database, job.id),
    auditOf(database, job.id),
    countsOf(database, job.id),
    committedMicros(database, job.check),
  ]);
  const mine = charges.filter((each) => each.account === account && each.task_type === taskType);
  const charged = (
    await Promise.all(mine.map(({ task_id }) => simulator.numbersOf(task_id)))
  ).flat();
  const chargedMicros = mine.reduce((sum, { amount_micros }) => sum + amount_micros, 0);

  const mismatches = countMismatches(expected.numbers, truth, rows);
  const problems: string[] = [];
  const hold = (what: string, found: unknown, wanted: unknown) => {
    if (found !== wanted) problems.push(`${what}: ${String(found)} instead of ${String(wanted)}`);
  };
  hold('rows that differ from the truth', mismatches, 0);
  hold('numbers that the truth knows', truth.size, expected.numbers.length);
  hold('lines', counts.lines, expected.lines);
  hold('accepted', counts.accepted, expected.numbers.length);
  hold('duplicates', counts.duplicates, expected.duplicates);
  hold('rejects', counts.rejected, expected.rejected);
  hold('rejects by reason', inOrder(rejectReasons), inOrder(expected.rejectsByReason));
  hold('rollcall.audit', audit, true);
  hold('numbers charged', charged.length, expected.numbers.length);
  hold('numbers charged, each once', new Set(charged).size, expected.numbers.length);
  hold(
    'numbers charged that were sent',
    charged.filter((each) => truth.has(each)).length,
    charged.length,
  );
  hold('millionths committed in rollcall.spend', spend, chargedMicros);
  hold('millionths as cost of the job', counts.costMicros, chargedMicros);
  return { numbers: expected.numbers.length, rows: rows.length, mismatches, problems };
}

async function resultsOf(database: Database, jobId: string): Promise<Row[]> {
  const { rows } = await database.query<{ number: string; outcome: string }>(
    'SELECT number, outcome FROM rollcall.results WHERE job_id = $1',
    [jobId],
  );
  return rows.map(({ number, outcome }) => [number.slice(1), outcome]);
}

async function auditOf(database: Database, jobId: string): Promise<boolean> {
  const { rows } = await database.query<{ ok: boolean }>('SELECT ok FROM rollcall.audit($1)', [
    jobId,
  ]);
  return rows[0]?.ok ?? false;
}

async function countsOf(database: Database, jobId: string) {
  const { rows } = await database.query<
    Record<'lines' | 'accepted' | 'duplicates' | 'rejected' | 'costMicros', number>
  >(
    'SELECT lines, accepted, duplicates, rejected, (cost * 1000000)::bigint AS "costMicros" FROM rollcall.jobs WHERE job_id = $1',
    [jobId],
  );
  const [counts] = rows;
  if (!counts) throw new Error(`${jobId} is not in rollcall.jobs`);
  return counts;
}

async function committedMicros(database: Database, check: DemoCheck): Promise<number> {
  const { rows } = await database.query<{ micros: number }>(
    `SELECT (sum(committed) * 1000000)::bigint AS micros FROM rollcall.spend WHERE account = $1 AND check_name = $2`,
    [check.account, check.check],
  );
  return rows[0]?.micros ?? 0;
}

function inOrder(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .sort()
    .join(', ');
}
