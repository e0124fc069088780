import type { Objection } from '../faults/object.ts';
import type { AttemptFact, Charge, ChunkFact, Facts } from './read-facts.ts';
import type { Violation } from './violation.ts';

/**
 * P15, against the provider's own record of what it was sent: no number is in an upload that was begun after it had been put on the suppression list,
 * and none was left out that was not. An upload is begun by the last look before its first byte: a list that changes after that comes too late for it.
 */
export function checkLeftOut(
  facts: Facts,
  jobs: readonly { readonly id: string; readonly list: readonly number[] }[],
  objections: readonly Pick<Objection, 'number' | 'committed_at'>[],
): Violation[] {
  const violations: Violation[] = [];
  const objectedAt = new Map(objections.map(({ number, committed_at }) => [number, committed_at]));
  for (const chunk of facts.chunks) {
    if (chunk.state === 'superseded') continue;
    const list = jobs.find(({ id }) => id === chunk.job_id)?.list ?? [];
    const own = list.filter(
      (number) => number >= chunk.first_number && number <= chunk.last_number,
    );
    for (const charge of facts.charges) {
      if (charge.numbers_sha256 !== chunk.sha256) continue;
      const sent = new Set(charge.list);
      const which = `charge ${charge.seq} (task ${charge.task_id})`;
      const without = own.filter((number) => !sent.has(number) && !objectedAt.has(number)).length;
      if (without > 0) {
        const what = `${which} lacks ${without} numbers that nobody objected to`;
        violations.push({ kind: 'lost', chunkId: chunk.id, count: without, what });
      }
      const begun = begunAt(charge, chunk, facts.attempts);
      const late = charge.list.filter((number) => {
        const at = objectedAt.get(number);
        return begun !== null && at !== undefined && at < begun;
      }).length;
      if (late > 0) {
        const what = `${which} was begun ${begun?.toISOString()} with ${late} numbers that were on the suppression list`;
        violations.push({ kind: 'suppressed_sent', chunkId: chunk.id, count: late, what });
      }
    }
  }
  return violations;
}

/** When the upload was begun that a charge is of. Where no answer says which one that is, the earliest of those in question. */
function begunAt(charge: Charge, chunk: ChunkFact, attempts: readonly AttemptFact[]): Date | null {
  const own = attempts.filter(({ chunk_id }) => chunk_id === chunk.id);
  const answered = own.filter((attempt) => attempt.answered.includes(charge.shown_task_id));
  const maybe = answered.length > 0 ? answered : own.filter((each) => each.answered.length === 0);
  const times = maybe.map(({ begun_at, created_at }) => begun_at ?? created_at);
  return times.toSorted((one, other) => one.getTime() - other.getTime())[0] ?? null;
}
