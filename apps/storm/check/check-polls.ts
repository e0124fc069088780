import type { PollFact } from './read-polls.ts';
import type { Violation } from './violation.ts';

/** The way that a task goes, written a second time: what judges a worker does not ask its own rule. */
const stepOf: Readonly<Record<string, number>> = {
  queued: 1,
  running: 2,
  ready_pending: 3,
  ready: 4,
};

/**
 * P9, of what the provider said: no status was believed that is behind one that was believed before. Of one attempt, since another has a
 * task of its own. A failure and a wait for money lie beside the way, and whatever follows one of them is news; a word that nobody knows is none.
 */
export function checkPolls(polls: readonly PollFact[]): Violation[] {
  const believed = polls.filter(({ applied, phase }) => applied && phase !== 'unrecognised');
  return [...Map.groupBy(believed, ({ attempt_id }) => attempt_id).values()].flatMap((own) =>
    own.flatMap((poll, index): Violation[] => {
      const before = own[index - 1];
      const isBack = (stepOf[poll.phase] ?? Infinity) < (stepOf[before?.phase ?? ''] ?? 0);
      if (before === undefined || !isBack) return [];
      const what = `${poll.attempt_id} was ${before.phase} (“${before.word}”) and then ${poll.phase} (“${poll.word}”), which was believed (poll ${poll.id})`;
      return [{ kind: 'status', chunkId: poll.chunk_id, count: 1, what }];
    }),
  );
}
