import { chunkEdges } from '@rollcall/domain';
import type { JournalRow } from './read-journal.ts';
import type { Violation } from './violation.ts';

/**
 * P5 and P9, from what the triggers wrote down: no state changed along an edge that is not drawn, no fence went back, and nobody
 * changed what another had claimed, unless the claim's lease was over and the sweep ended it.
 */
export function checkJournal(journal: readonly JournalRow[]): Violation[] {
  const violations: Violation[] = [];
  for (const rows of Map.groupBy(journal, ({ chunk_id }) => chunk_id).values()) {
    violations.push(...checkChunk(rows.filter(({ subject }) => subject === 'chunk')));
    const attempts = rows.filter(({ subject }) => subject === 'attempt');
    for (const own of Map.groupBy(attempts, ({ attempt_id }) => attempt_id).values()) {
      violations.push(...checkAttempt(own));
    }
  }
  return violations;
}

const claimed = new Set(['submitting', 'polling', 'ingesting']);

function checkChunk(rows: readonly JournalRow[]): Violation[] {
  const violations: Violation[] = [];
  let before: JournalRow | undefined;
  let claimer: string | null = null;
  for (const row of rows) {
    const wrong = (kind: 'status' | 'stale_write', what: string) =>
      violations.push({
        kind,
        chunkId: row.chunk_id,
        count: 1,
        what: `${what} (journal ${row.id})`,
      });
    const moves = row.from_state !== row.to_state;
    if (before && row.from_state !== before.to_state) {
      wrong('status', `was ${before.to_state} and then ${row.from_state}`);
    }
    if (row.from_state !== null && moves && !isDrawn(row.from_state, row.to_state)) {
      wrong('status', `${row.from_state} → ${row.to_state} is no edge`);
    }
    if (row.from_fence !== null && row.to_fence !== null && row.to_fence < row.from_fence) {
      wrong('status', `its fence went from ${row.from_fence} to ${row.to_fence}`);
    }
    // A poll that says wait changes neither state nor fence.
    const polls = !moves && row.from_fence === row.to_fence;
    const writes = (moves || polls) && row.from_state !== null && claimed.has(row.from_state);
    if (writes && row.who !== claimer && !isSweep(row) && !isTakenBack(row)) {
      wrong(
        'stale_write',
        `${row.who} moved ${row.from_state} → ${row.to_state}, claimed by ${claimer ?? 'nobody'}`,
      );
    }
    const claims =
      row.from_fence !== null && row.to_fence !== row.from_fence && claimed.has(row.to_state);
    if (claims) claimer = row.who;
    else if (moves) claimer = null;
    before = row;
  }
  return violations;
}

/** Ends a claim whose time is over: an upload is held, an ingest is anybody's again. */
function isSweep(row: JournalRow): boolean {
  const over = row.was_due_at !== null && row.was_due_at <= row.at;
  const fenced = row.from_fence !== null && row.to_fence === row.from_fence + 1;
  if (row.from_state === 'submitting') {
    return over && fenced && row.to_state === 'held' && row.reason === 'unknown: worker_died';
  }
  return (
    over &&
    fenced &&
    row.from_state === 'ingesting' &&
    ['result_ready', 'held'].includes(row.to_state)
  );
}

/** Whoever erases a number of a chunk takes its file back from who reads it. */
function isTakenBack({ erases, from_state, to_state }: JournalRow): boolean {
  return erases && from_state === 'ingesting' && to_state === 'result_ready';
}

/** What its own worker knows of an attempt, nobody else can: others may only give it up as unknown. */
function checkAttempt(rows: readonly JournalRow[]): Violation[] {
  const [intent] = rows;
  return rows.flatMap((row) => {
    if (row.from_state !== 'intent' || row.to_state === 'unknown' || row.who === intent?.who)
      return [];
    const what = `${row.who} settled ${row.attempt_id} as ${row.to_state}, which ${intent?.who} had made (journal ${row.id})`;
    return [{ kind: 'stale_write', chunkId: row.chunk_id, count: 1, what } as const];
  });
}

function isDrawn(from: string, to: string): boolean {
  return chunkEdges.some((edge) => edge.from === from && edge.to === to);
}
