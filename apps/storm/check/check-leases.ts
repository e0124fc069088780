import type { Leases } from '../ground/storm-leases.ts';
import type { JournalRow } from './read-journal.ts';
import type { Violation } from './violation.ts';

/** P4: from the last heartbeat of a dead worker. */
const heldWithin_ms = 120_000;
const takenOverWithin_ms = 60_000;

/** The slowest of each, in seconds from the last heartbeat of a dead worker; null: none was met. */
export interface Takeovers {
  readonly upload_held: number | null;
  readonly ingest_taken_over: number | null;
  readonly poll_taken_over: number | null;
}

/** P4 at its real values: an upload is held and never sent again by itself, a poll and an ingest are taken over in time. */
export function checkLeases(
  journal: readonly JournalRow[],
  { lease_ms }: Leases,
  tell: (what: string) => void,
): { readonly violations: readonly Violation[]; readonly slowest: Takeovers } {
  const slowest: Record<keyof Takeovers, number | null> = {
    upload_held: null,
    ingest_taken_over: null,
    poll_taken_over: null,
  };
  const violations: Violation[] = [];
  const chunks = journal.filter(({ subject }) => subject === 'chunk');
  for (const rows of Map.groupBy(chunks, ({ chunk_id }) => chunk_id).values()) {
    for (const [index, row] of rows.entries()) {
      const over = row.was_due_at !== null && row.was_due_at <= row.at;
      if (!over || row.was_due_at === null) continue;
      const lastBeat_ms = row.was_due_at.getTime() - lease_ms;
      const judge = (what: keyof Takeovers, at: Date, within_ms: number) => {
        const after_ms = at.getTime() - lastBeat_ms;
        slowest[what] = Math.max(slowest[what] ?? 0, after_ms / 1_000);
        const said = `${what.replaceAll('_', ' ')} ${(after_ms / 1_000).toFixed(1)} s after the last heartbeat`;
        tell(`P4: ${said}`);
        if (after_ms <= within_ms) return;
        violations.push({ kind: 'lease', chunkId: row.chunk_id, count: 1, what: said });
      };
      if (row.from_state === 'submitting' && row.to_state === 'held') {
        judge('upload_held', row.at, heldWithin_ms);
      }
      if (row.from_state === 'ingesting' && row.to_state === 'result_ready') {
        const next = rows.slice(index).find(({ to_state }) => to_state === 'ingesting');
        if (next) judge('ingest_taken_over', next.at, takenOverWithin_ms);
      }
      const before = rows[index - 1];
      const polledBefore = before?.from_state === 'polling' && before.to_state === 'polling';
      if (polledBefore && row.from_state === 'polling' && row.to_state === 'polling') {
        // Where the poll before ended well, the time that it waited for was the next poll's, and this says less than it could.
        const silent_ms = row.at.getTime() - before.at.getTime();
        if (silent_ms >= lease_ms) judge('poll_taken_over', row.at, takenOverWithin_ms);
      }
    }
  }
  return { violations, slowest };
}
