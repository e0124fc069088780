import { breakerStopsAt, unreadableReasons } from '@rollcall/domain';
import { uploadsInFlight } from '../ground/storm-accounts.ts';
import type { ChunkFact } from './read-facts.ts';
import type { JournalRow } from './read-journal.ts';
import type { Violation } from './violation.ts';

interface AccountNow {
  readonly onTheWire: Set<string>;
  /** Attempts, with why nobody knows. */
  readonly unknowns: Map<string, string>;
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
        now.unknowns.set(row.attempt_id, row.reason ?? '');
      } else if (row.to_state === 'accepted') now.unknowns.delete(row.attempt_id);
    }
    if (row.subject === 'chunk' && row.chunk_id !== null) {
      if (row.to_state !== 'submitting') now.onTheWire.delete(row.chunk_id);
      else if (row.from_state !== 'submitting') {
        const allowed = allowedAfter([...now.unknowns.values()]);
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

function allowedAfter(unknowns: readonly string[]): number {
  const unreadable = unknowns.some((reason) =>
    unreadableReasons.some((each) => reason.startsWith(each)),
  );
  if (unreadable || unknowns.length >= breakerStopsAt) return 0;
  return unknowns.length > 0 ? 1 : uploadsInFlight;
}
