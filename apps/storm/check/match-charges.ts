import type { AttemptFact, Charge, ChunkFact, Facts } from './read-facts.ts';

/** A charge of a chunk, and what stands for it in our books. */
interface MatchedCharge {
  readonly charge: Charge;
  /** The upload that it is of; null: every upload that it could be of has a charge of its own. */
  readonly attempt: AttemptFact | null;
  /** Whether it came before the first approval, or is the first one after an approval: nobody allowed a second one. */
  readonly allowed: boolean;
}

/**
 * Matches each charge of one chunk to one attempt: the one that was answered with its task id, else the newest one that had begun and that no
 * other charge is of. An approval allows one charge, and only one that comes after it: who approves the next payment has not approved that
 * an upload of before is sent then.
 */
export function matchCharges(facts: Facts, chunk: ChunkFact): readonly MatchedCharge[] {
  const ofChunk = ({ chunk_id }: { readonly chunk_id: string }) => chunk_id === chunk.id;
  const attempts = facts.attempts.filter(ofChunk);
  const approvals = facts.approvals.filter(ofChunk);
  const inTime = facts.charges
    .filter(({ numbers_sha256 }) => numbers_sha256 === chunk.sha256)
    .sort((one, other) => timeOf(one) - timeOf(other));
  const own = new Map<Charge, AttemptFact>();
  const taken = new Set<AttemptFact>();
  const match = (charge: Charge, attempt: AttemptFact | undefined) => {
    if (attempt === undefined || taken.has(attempt)) return;
    own.set(charge, attempt);
    taken.add(attempt);
  };
  for (const charge of inTime) {
    const isAnswered = ({ answered }: AttemptFact) => answered.includes(charge.shown_task_id);
    match(charge, attempts.find(isAnswered));
  }
  for (const charge of inTime) {
    if (own.has(charge)) continue;
    const begun = attempts.filter(({ created_at }) => created_at.getTime() <= timeOf(charge));
    match(charge, newest(begun));
  }
  const used = new Set<number>();
  return inTime.map((charge) => {
    const given = approvals.filter(({ created_at }) => created_at.getTime() <= timeOf(charge));
    const allowed = !used.has(given.length);
    used.add(given.length);
    return { charge, attempt: own.get(charge) ?? null, allowed };
  });
}

function timeOf({ at }: Charge): number {
  return Date.parse(at);
}

function newest(attempts: readonly AttemptFact[]): AttemptFact | undefined {
  return attempts.toSorted((one, other) => one.created_at.getTime() - other.created_at.getTime())[
    attempts.length - 1
  ];
}
