import { matchCharges } from './match-charges.ts';
import type { AttemptFact, Charge, Facts } from './read-facts.ts';
import type { Violation } from './violation.ts';

const mayHaveCost = new Set(['intent', 'accepted', 'unknown', 'not_charged', 'written_off']);

/**
 * P2 and the ledger, against the simulator's: every charge has its own attempt that says so or does not know, none was made a second time
 * without its own approval by a named person, and every acceptance that we booked is a charge of that very task and amount. And P5: a task
 * id that an upload was answered with, however late, is its attempt's, or that of another which had it before.
 */
export function checkMoney(facts: Facts): Violation[] {
  const { chunks, attempts, approvals, charges } = facts;
  const violations: Violation[] = [];
  const live = chunks.filter(({ state }) => state !== 'superseded');
  for (const chunk of live) {
    const paid = matchCharges(facts, chunk);
    const approved = approvals.filter(({ chunk_id }) => chunk_id === chunk.id).length;
    const report = (kind: 'paid_twice' | 'money', count: number, what: string) =>
      violations.push({ kind, chunkId: chunk.id, count, what });
    for (const { charge, attempt, allowed } of paid) {
      const which = `charge ${charge.seq} (task ${charge.task_id})`;
      if (!allowed || (attempt === null && paid.length > 1)) {
        const lacks = allowed ? 'attempt' : 'approval';
        const of = `one of ${paid.length}, with ${approved} approvals`;
        report('paid_twice', chunk.numbers, `${which} has no ${lacks} of its own: ${of}`);
      } else if (attempt === null) report('money', 1, `${which} is of no attempt`);
      else if (!mayHaveCost.has(attempt.outcome)) {
        report('money', 1, `${which} is of attempt ${attempt.id}, which is ${attempt.outcome}`);
      }
    }
    for (const attempt of attempts) {
      if (attempt.chunk_id !== chunk.id) continue;
      violations.push(...checkAcceptance(attempt, chunk.sha256, charges));
      violations.push(...thrownAway(attempt, attempts));
    }
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

/** In doubt, though its own evidence ends the doubt: who looks at the hold would ask the provider for what we had been told. */
function thrownAway(attempt: AttemptFact, attempts: readonly AttemptFact[]): Violation[] {
  if (attempt.outcome !== 'unknown') return [];
  return attempt.answered
    .filter((task) => !attempts.some(({ task_id }) => task_id === task))
    .map((task) => ({
      kind: 'money',
      chunkId: attempt.chunk_id,
      count: 1,
      what: `attempt ${attempt.id} is unknown, and was answered with task ${task}, which no attempt has`,
    }));
}
