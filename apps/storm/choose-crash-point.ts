import type { Database } from '@rollcall/db';
import { patient } from './patient.ts';
import { type StageAtHand, stageOfPoint } from './worker-crash-points.ts';

/** So soon a worker that starts now can take work. */
const startTime_ms = 1_000;

const alwaysPassed = 'sweep.expire:before_commit#1';

/**
 * The first of the points that a worker which starts now will come to, going by the work that waits; one of a sweep where none is, and
 * null where no point is asked for. A single one is taken unseen.
 */
export async function chooseCrashPoint(
  db: Database,
  wishes: readonly string[],
): Promise<string | null> {
  if (wishes.length < 2) return wishes[0] ?? null;
  const { rows } = await patient(() =>
    db.query<{ stage: StageAtHand }>(
      `SELECT DISTINCT CASE c.state WHEN 'ready' THEN 'submit' WHEN 'polling' THEN 'poll' ELSE 'ingest' END AS stage
         FROM store.chunks c WHERE c.state IN ('ready', 'polling', 'result_ready') AND c.due_at <= clock_timestamp() + $1 * interval '1 millisecond'
       UNION SELECT 'plan' FROM store.jobs WHERE planned_at IS NULL AND due_at IS NOT NULL`,
      [startTime_ms],
    ),
  );
  const waiting = new Set(rows.map(({ stage }) => stage));
  const passed = wishes.find((wish) => {
    const stage = stageOfPoint(wish);
    return stage === null || (stage === 'any' ? waiting.size > 0 : waiting.has(stage));
  });
  return passed ?? alwaysPassed;
}
