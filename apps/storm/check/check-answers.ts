import { matchCharges } from './match-charges.ts';
import type { ChunkFact, Facts } from './read-facts.ts';
import type { Violation } from './violation.ts';

/** How many files of each of the simulator's accounts were scripted to be wrong for good: each may cost one chunk its answer. */
export type SpoiledFiles = ReadonlyMap<string, number>;

export interface Answers {
  readonly violations: readonly Violation[];
  /** Chunks that were paid for and have no answer, since their provider never gave them a whole file. */
  readonly paidWithoutAnswer: number;
}

/**
 * What was paid for is answered: a chunk that was charged, the money not written off, and that ends as failed, rejected or cancelled is
 * lost, unless a file of its account was spoiled for good, or its provider named it another's task: where nobody here knows that other
 * one (its own answer was lost), the name is believed until the file turns out to be another's.
 */
export function checkAnswers(facts: Facts, spoiled: SpoiledFiles): Answers {
  const violations: Violation[] = [];
  let paidWithoutAnswer = 0;
  const byAccount = new Map<string, ChunkFact[]>();
  const misnamed = new Set<ChunkFact>();
  for (const chunk of facts.chunks) {
    if (!['failed', 'rejected', 'cancelled'].includes(chunk.state)) continue;
    const paid = matchCharges(facts, chunk).find(
      ({ attempt }) => attempt?.outcome !== 'written_off',
    );
    if (paid === undefined) continue;
    const { account, task_id, shown_task_id } = paid.charge;
    if (shown_task_id !== task_id) misnamed.add(chunk);
    byAccount.set(account, [...(byAccount.get(account) ?? []), chunk]);
  }
  for (const [account, unanswered] of byAccount) {
    // A refused upload has no file that could be spoiled.
    const withFile = unanswered.filter(({ state }) => state !== 'rejected');
    const justified = [
      ...withFile.filter((chunk) => misnamed.has(chunk)),
      ...withFile.filter((chunk) => !misnamed.has(chunk)).slice(0, spoiled.get(account) ?? 0),
    ];
    paidWithoutAnswer += justified.length;
    for (const chunk of unanswered) {
      if (justified.includes(chunk)) continue;
      const what = `was paid for, and is ${chunk.state}: ${unanswered.length} such chunks of ${account}, and ${justified.length} files that were spoiled`;
      violations.push({ kind: 'lost', chunkId: chunk.id, count: chunk.numbers, what });
    }
  }
  return { violations, paidWithoutAnswer };
}
