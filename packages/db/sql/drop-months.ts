import type { Database } from '../database.ts';
import { tablesKeptAs } from '../retention.ts';
import { appendAudit } from './audit-trail.ts';

/** How many months of a job's day its numbers and results are kept, and its upload and result files, which is no longer. */
export interface RetentionMonths {
  readonly rows: number;
  readonly files: number;
}

export interface DroppedMonths {
  /** Partitions that were dropped. */
  readonly dropped: number;
  /** Months that are over and still needed: a job of them is open or held, or a replay or retry of it. */
  readonly needed: number;
  /** Partitions that somebody had in hand; the next sweep drops them. */
  readonly busy: number;
}

type Dropped = 'dropped' | 'gone' | 'needed' | 'busy';

/**
 * Drops what is older than it may get, a whole partition at a time and each in a transaction of its own: whoever reads or writes another
 * month waits 150 ms for it at most. A month's jobs are marked first, so that nobody takes an empty month for jobs without results.
 */
export async function dropMonths(db: Database, months: RetentionMonths): Promise<DroppedMonths> {
  const counts = { dropped: 0, needed: 0, busy: 0 };
  for (const kind of ['files', 'rows'] as const) {
    for (const month of await monthsOver(db, kind, months[kind])) {
      const marked = await db.transaction('sweep.begin_drop', async (tx) => {
        const { rows } = await tx.query<{ said: 'marked' | 'needed' | 'busy' }>(
          'SELECT store.begin_drop($1, $2) AS said',
          [kind, month],
        );
        return rows[0]?.said;
      });
      if (marked !== 'marked') {
        counts[marked === 'needed' ? 'needed' : 'busy'] += 1;
        continue;
      }
      const ofFiles = tablesKeptAs('files');
      const tables = kind === 'files' ? ofFiles : [...ofFiles, ...tablesKeptAs('rows')];
      for (const table of tables) {
        const dropped = await dropPartition(db, table, month);
        if (dropped !== 'gone') counts[dropped] += 1;
      }
    }
  }
  return counts;
}

/** First days of the months of which every day is so many months past, the oldest first. */
async function monthsOver(
  db: Database,
  kind: 'rows' | 'files',
  keptMonths: number,
): Promise<readonly string[]> {
  const { rows } = await db.query<{ month: string }>(
    `SELECT DISTINCT month FROM unnest($1::text[]) AS parent, store.kept_months(parent) AS month
      WHERE month + make_interval(months => $2 + 1) <= (now() AT TIME ZONE 'UTC')::date ORDER BY month`,
    [tablesKeptAs(kind), keptMonths],
  );
  return rows.map(({ month }) => month);
}

const triesMax = 10;

async function dropPartition(db: Database, table: string, month: string): Promise<Dropped> {
  for (let tries = 1; ; tries += 1) {
    const said = await db.transaction('sweep.drop_partition', async (tx) => {
      const { rows } = await tx.query<{ said: Dropped }>(
        'SELECT store.drop_partition($1, $2) AS said',
        [table, month],
      );
      const dropped = rows[0]?.said ?? 'gone';
      if (dropped === 'dropped') {
        await appendAudit(tx, {
          tenantId: null,
          actor: 'system',
          action: 'retention.dropped',
          subject: null,
          detail: { table, month: month.slice(0, 7) },
        });
      }
      return dropped;
    });
    if (said !== 'busy' || tries === triesMax) return said;
    await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 100));
  }
}

/** In one statement; the rest is for the next sweep. */
const atOnce = 5_000;

/**
 * Takes what providers said out of the evidence of jobs whose rows are dropped; returns of how many exchanges. Bounded, so that a first
 * sweep over years of it does not last for hours.
 */
export async function emptyEvidence(db: Database): Promise<number> {
  return db.transaction('sweep.empty_evidence', async (tx) => {
    await tx.query("SET LOCAL rollcall.forgets TO 'on'");
    const emptied = await tx.query(
      `UPDATE store.evidence SET body_excerpt = NULL, raw_body = NULL, transport_error = NULL
        WHERE id IN (
          SELECT e.id FROM store.evidence e JOIN store.attempts a ON a.id = e.attempt_id JOIN store.chunks c ON c.id = a.chunk_id
            JOIN store.jobs j ON j.job_no = c.job_no
           WHERE (e.body_excerpt IS NOT NULL OR e.raw_body IS NOT NULL OR e.transport_error IS NOT NULL) AND j.rows_dropped_at IS NOT NULL
           ORDER BY e.id LIMIT $1)`,
      [atOnce],
    );
    return emptied.rowCount ?? 0;
  });
}
