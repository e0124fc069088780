import type { Database } from '@rollcall/db';
import { patient } from '../ground/patient.ts';
import type { Facts } from './read-facts.ts';
import type { JournalRow } from './read-journal.ts';

/** Something that was done to the episode, for the timeline. */
export interface Happening {
  readonly at: Date;
  readonly what: string;
}

/** Everything that is known of a chunk, in the order of time: states, attempts, evidence, polls, charges, and the faults around it. */
export async function timelineOf(
  db: Database,
  chunkId: string,
  facts: Facts,
  journal: readonly JournalRow[],
  happenings: readonly Happening[],
): Promise<string> {
  const events: Happening[] = [...happenings];
  for (const row of journal) {
    if (row.chunk_id !== chunkId) continue;
    const fence =
      row.from_fence === row.to_fence ? '' : `, fence ${row.from_fence} → ${row.to_fence}`;
    const reason = row.reason ? ` (${row.reason})` : '';
    const subject = row.subject === 'chunk' ? 'chunk' : `attempt ${row.attempt_id}`;
    events.push({
      at: row.at,
      what: `${subject}: ${row.from_state ?? 'new'} → ${row.to_state}${reason}${fence}, by ${row.who}`,
    });
  }
  const { rows: evidence } = await patient(() =>
    db.query<Record<string, unknown> & { recorded_at: Date }>(
      `SELECT e.recorded_at, e.operation, e.verdict, e.task_id, e.http_status, e.headers_sent, e.duration_ms, e.transport_error
         FROM store.evidence e JOIN store.attempts a ON a.id = e.attempt_id WHERE a.chunk_id = $1`,
      [chunkId],
    ),
  );
  for (const { recorded_at, ...rest } of evidence) {
    events.push({ at: recorded_at, what: `evidence: ${JSON.stringify(rest)}` });
  }
  const { rows: polls } = await patient(() =>
    db.query<{ at: Date; answer: string; word: string | null; applied: boolean }>(
      'SELECT at, answer, word, applied FROM store.poll_history WHERE chunk_id = $1',
      [chunkId],
    ),
  );
  for (const { at, answer, word, applied } of polls) {
    events.push({ at, what: `poll: ${answer} ${word ?? ''}${applied ? '' : ' (not applied)'}` });
  }
  const chunk = facts.chunks.find(({ id }) => id === chunkId);
  for (const charge of facts.charges) {
    if (charge.numbers_sha256 !== chunk?.sha256) continue;
    const shown =
      charge.shown_task_id === charge.task_id ? '' : `, shown as ${charge.shown_task_id}`;
    events.push({
      at: new Date(charge.at),
      what: `CHARGE of ${charge.amount} for ${charge.numbers} numbers, task ${charge.task_id}${shown}`,
    });
  }
  return events
    .sort((one, other) => one.at.getTime() - other.at.getTime())
    .map(({ at, what }) => `  ${at.toISOString().slice(11, 23)}  ${what}\n`)
    .join('');
}
