import { breakerStopsAt, unreadableReasons } from '@rollcall/domain';
import type { ChunkFact } from './read-facts.ts';
import type { JournalRow } from './read-journal.ts';
import { uploadsInFlight } from '../ground/storm-accounts.ts';
import type { Violation } from './violation.ts';

/** The sweep does not wait for the account's lock, so that a claim beside it may not have seen what it gave up. */
const sweepSeenAfter_ms = 3_000;

interface Unknown {
  readonly at: Date;
  readonly reason: string;
}

interface AccountNow {
  readonly onTheWire: Set<string>;
  readonly unknowns: Map<string, Unknown>;
}

/**
 * P8, counted anew from the journal: no upload began above what an account may have on the wire, which is one from the first unknown
 * outcome on and none after three of them or one unreadable 200, until a person resets it, whoever pays for them again; and no reservation
 * went above a job's ceiling. An episode is shorter than the ten minutes in which unknown outcomes count.
 */
export function checkSpending(
  journal: readonly JournalRow[],
  chunks: readonly ChunkFact[],
): Violation[] {
  const violations: Violation[] = [];
  const accountOf = new Map(chunks.map(({ id, account }) => [id, account]));
  const accounts = new Map<string, AccountNow>();
  for (const row of journal) {
    const wrong = (what: string) =>
      violations.push({ kind: 'spending', chunkId: row.chunk_id, count: 1, what });
    if (row.subject === 'ceiling') wrong(row.reason ?? '');
    const account = row.account ?? accountOf.get(row.chunk_id ?? '');
    if (account === undefined) continue;
    const now = accounts.get(account) ?? { onTheWire: new Set(), unknowns: new Map() };
    accounts.set(account, now);
    if (row.subject === 'account') now.unknowns.clear();
    if (row.subject === 'attempt' && row.attempt_id !== null) {
      if (row.to_state === 'unknown') {
        now.unknowns.set(row.attempt_id, { at: row.at, reason: row.reason ?? '' });
      } else if (row.to_state === 'accepted') now.unknowns.delete(row.attempt_id);
    }
    if (row.subject === 'chunk' && row.chunk_id !== null) {
      if (row.to_state !== 'submitting') now.onTheWire.delete(row.chunk_id);
      else if (row.from_state !== 'submitting') {
        const allowed = allowedAt(row.at, now.unknowns);
        now.onTheWire.add(row.chunk_id);
        if (now.onTheWire.size > allowed) {
          wrong(
            `${account} has ${now.onTheWire.size} uploads on the wire and ${now.unknowns.size} of unknown outcome: allowed are ${allowed} (journal ${row.id})`,
          );
        }
      }
    }
  }
  return violations;
}

function allowedAt(at: Date, unknowns: ReadonlyMap<string, Unknown>): number {
  const seen = [...unknowns.values()].filter(
    (unknown) =>
      !unknown.reason.startsWith('worker_died') ||
      at.getTime() - unknown.at.getTime() > sweepSeenAfter_ms,
  );
  const unreadable = seen.some(({ reason }) =>
    unreadableReasons.some((each) => reason.startsWith(each)),
  );
  if (unreadable || seen.length >= breakerStopsAt) return 0;
  return seen.length > 0 ? 1 : uploadsInFlight;
}
