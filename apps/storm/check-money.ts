import type { AttemptFact, Charge, Facts } from './read-facts.ts';
import type { Violation } from './violation.ts';

const mayHaveCost = new Set(['intent', 'accepted', 'unknown', 'not_charged', 'written_off']);

/**
 * P2 and the ledger, against the simulator's: every charge has its own attempt that says so or does not know, none was made twice
 * without a named person's approval, and every acceptance that we booked is a charge of that very task and amount.
 */
export function checkMoney({ chunks, attempts, charges }: Facts): Violation[] {
  const violations: Violation[] = [];
  const live = chunks.filter(({ state }) => state !== 'superseded');
  for (const chunk of live) {
    const paid = charges.filter(({ numbers_sha256 }) => numbers_sha256 === chunk.sha256);
    const own = attempts.filter(({ chunk_id }) => chunk_id === chunk.id);
    const report = (kind: 'paid_twice' | 'money', count: number, what: string) =>
      violations.push({ kind, chunkId: chunk.id, count, what });
    const extra = paid.length - 1 - chunk.approvals;
    if (extra > 0) {
      report(
        'paid_twice',
        extra * chunk.numbers,
        `${paid.length} charges, ${chunk.approvals} approvals`,
      );
    }
    const covering = own.filter(({ outcome }) => mayHaveCost.has(outcome));
    if (paid.length > covering.length) {
      report(
        'money',
        1,
        `${paid.length} charges and only ${covering.length} attempts that may have cost`,
      );
    }
    for (const attempt of own) violations.push(...checkAcceptance(attempt, chunk.sha256, charges));
  }
  const known = new Set(live.map(({ sha256 }) => sha256));
  for (const charge of charges) {
    if (known.has(charge.numbers_sha256)) continue;
    const what = `charge ${charge.seq} (task ${charge.task_id}) is of no chunk`;
    violations.push({ kind: 'money', chunkId: null, count: 1, what });
  }
  return violations;
}

function checkAcceptance(
  attempt: AttemptFact,
  sha256: string,
  charges: readonly Charge[],
): Violation[] {
  if (attempt.task_id === null) return [];
  // A provider that shows an earlier task's id is believed until that task's file turns out to be of other numbers.
  const charge =
    charges.find(
      (each) => each.numbers_sha256 === sha256 && each.shown_task_id === attempt.task_id,
    ) ?? charges.find(({ task_id }) => task_id === attempt.task_id);
  const wrong = (what: string): Violation[] => [
    { kind: 'money', chunkId: attempt.chunk_id, count: 1, what: `attempt ${attempt.id}: ${what}` },
  ];
  if (!charge) return wrong(`task ${attempt.task_id} was never charged`);
  if (charge.numbers_sha256 !== sha256) return wrong(`task ${charge.task_id} is of other numbers`);
  if (charge.amount.toFixed(6) !== Number(attempt.amount).toFixed(6)) {
    return wrong(`reserved ${attempt.amount}, charged ${charge.amount}`);
  }
  if (!['committed', 'written_off', 'released'].includes(attempt.place)) {
    return wrong(`has a task, and its money is ${attempt.place}`);
  }
  return [];
}
