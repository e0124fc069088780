import { randomBytes } from 'node:crypto';
import { addSuppressions, askErasure, type Database } from '@rollcall/db';
import { makeId } from '@rollcall/domain';
import { numberOf } from '../ground/enqueue-job.ts';
import { patient } from '../ground/patient.ts';
import { stormDigests } from '../ground/storm-digests.ts';
import type { PlannedObjection } from './schedule.ts';
import { until } from './taken-over.ts';

/** A number that somebody objected to. */
export interface Objection {
  readonly number: number;
  readonly kind: 'suppress' | 'erase';
  /** By the clock of Postgres, when it had been committed: what begins after that must know. */
  readonly committed_at: Date;
}

const claimLimit_ms = 3_000;
/** From the claim of an upload to its first byte are a few round trips. */
const look_ms = 4;

/**
 * Puts a number on the suppression list, or has it erased, as the API does; null: nobody has claimed an upload. A number that no job has yet is
 * suppressed instead of erased, since one that comes in after an erasure is a new one.
 */
export async function object(db: Database, planned: PlannedObjection): Promise<Objection | null> {
  const number =
    planned.kind === 'suppress_claimed'
      ? await until(claimLimit_ms, () => claimedNumber(db, planned.share), look_ms)
      : numberOf(planned.job, planned.place);
  if (number === null) return null;
  const erases = planned.kind === 'erase' && (await patient(() => isOfJob(db, number)));
  const id = makeId('erasure', Date.now(), randomBytes(10));
  const by = { askedBy: 'storm', requestedBy: 'storm', reason: 'storm' };
  await patient(() =>
    db.transaction('test', async (tx) => {
      if (erases) await askErasure(tx, { id, tenantId: 1, number, ...by }, stormDigests);
      else await addSuppressions(tx, 1, [number], stormDigests, 'objection');
    }),
  );
  const { rows } = await patient(() => db.query<{ at: Date }>('SELECT clock_timestamp() AS at'));
  const committed_at = rows[0]?.at;
  if (committed_at === undefined) throw new Error('Postgres did not tell the time');
  return { number, kind: erases ? 'erase' : 'suppress', committed_at };
}

async function isOfJob(db: Database, number: number): Promise<boolean> {
  const { rowCount } = await db.query('SELECT FROM store.job_numbers WHERE number = $1', [number]);
  return rowCount !== 0;
}

/** One of an upload that somebody has claimed and not begun. */
async function claimedNumber(db: Database, share: number): Promise<number | null> {
  const { rows } = await db.query<{ number: number }>(
    `SELECT n.number FROM store.chunks c JOIN store.jobs j ON j.job_no = c.job_no
       JOIN store.attempts a ON a.id = c.attempt_id AND a.outcome = 'intent' AND a.sent_sha256 IS NULL
      CROSS JOIN LATERAL (
        SELECT n.number FROM store.job_numbers n
         WHERE n.job_no = c.job_no AND n.job_day = j.job_day AND n.number BETWEEN c.first_number AND c.last_number
         ORDER BY n.number OFFSET floor($1::float8 * (c.numbers - c.erased))::integer LIMIT 1) n
      WHERE c.state = 'submitting' LIMIT 1`,
    [share],
  );
  return rows[0]?.number ?? null;
}
