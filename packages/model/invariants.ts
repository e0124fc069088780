import { attemptEdges, type ChunkState, finalChunkStates, mayHaveCost } from '@rollcall/domain';
import { type Attempt, isFinalJob, placeOf, type Store } from './store.ts';
import type { Step } from './steps.ts';
import type { World } from './world.ts';

/** What must hold in every world, and of every step; the promises are those of design §8. */

export const isFinal = ({ chunk }: Store): boolean => finalChunkStates.includes(chunk.state);

/** The first promise that a world breaks, or null. */
export function brokenIn(world: World): string | null {
  const { store, charges } = world;
  const { chunk, attempts, rows } = store;
  const expectedRows = isFinal(store) && chunk.state !== 'superseded' ? 1 : 0;
  if (rows.length !== expectedRows) {
    return `P1: ${rows.length} rows for each number of a chunk that is ${chunk.state}`;
  }
  if (isFinalJob(store.job) !== (expectedRows === 1)) {
    return `P1: a job that is ${store.job} with a chunk that is ${chunk.state}`;
  }
  const unapproved = sum(charges.filter((_, at) => attempts[at]?.approval === null));
  if (unapproved > 1) return `P2: paid ${unapproved} times without an approval`;
  for (const approval of store.approvals.keys()) {
    const paid = sum(charges.filter((_, at) => attempts[at]?.approval === approval));
    if (paid > 1) return `P2: one approval paid ${paid} times`;
  }
  for (const [at, { outcome }] of attempts.entries()) {
    if ((charges[at] ?? 0) > 0 && (outcome === 'not_sent' || outcome === 'refused_free')) {
      return `P2: attempt ${at} was charged and counts as ${outcome}`;
    }
  }
  if (attempts.filter(({ outcome }) => mayHaveCost.includes(outcome)).length > 1) {
    return 'P2: two attempts that may have cost';
  }
  for (const told of world.settled) {
    const [attempt = '', task = ''] = told.split(':');
    if (!store.evidence.includes(told) && attempts[Number(attempt)]?.task !== task) {
      return `P5: the task ${task} of attempt ${attempt} was told and is nowhere`;
    }
  }
  if (world.wentBack) return 'P9: a status went backwards';
  return brokenMoney(store) ?? brokenMatch(store);
}

/** Each attempt's money is in the one place that its outcome says: reserved = committed + released + at risk + written off + open. */
function brokenMoney(store: Store): string | null {
  for (const [at, attempt] of store.attempts.entries()) {
    const place = placeOf(attempt);
    if (!placesOf(store, at, attempt).includes(place)) {
      return `money: attempt ${at} is ${attempt.outcome}, and its money ${place}`;
    }
  }
  return null;
}

function placesOf(
  { chunk, evidence }: Store,
  at: number,
  { outcome, task }: Attempt,
): readonly string[] {
  switch (outcome) {
    case 'intent':
      return ['reserved'];
    case 'accepted':
      return ['committed'];
    case 'refused_free':
    case 'not_sent':
      return ['released'];
    case 'unknown':
      return [chunk.state === 'failed' && chunk.attempt === at ? 'at_risk' : 'reserved'];
    case 'written_off':
      return ['written_off'];
    case 'not_charged': {
      // Another acceptance than the one that the person knew may belie their word.
      const isBelied = evidence.some(
        (told) => told.startsWith(`${at}:`) && told !== `${at}:${task}`,
      );
      return isBelied ? ['released', 'written_off'] : ['released'];
    }
  }
}

/** The states in which a chunk waits for a task that it has. */
const tasked: readonly ChunkState[] = ['polling', 'result_ready', 'ingesting', 'done'];
const unsent: readonly ChunkState[] = ['ready', 'blocked', 'rejected', 'cancelled', 'superseded'];

/** The chunk's state and its attempts' outcomes say the same. */
function brokenMatch({ chunk, attempts }: Store): string | null {
  const open = attempts.findIndex(({ outcome }) => outcome === 'intent');
  if ((open !== -1) !== (chunk.state === 'submitting') || (open !== -1 && open !== chunk.attempt)) {
    return `match: attempt ${open} is open while the chunk is ${chunk.state}`;
  }
  if (
    unsent.includes(chunk.state) &&
    attempts.some(({ outcome }) => mayHaveCost.includes(outcome))
  ) {
    return `match: money is in doubt, and the chunk is ${chunk.state}`;
  }
  const outcome = chunk.attempt === null ? null : attempts[chunk.attempt]?.outcome;
  const asksFirst = chunk.state === 'polling' && chunk.adopting !== null && outcome === 'unknown';
  if (tasked.includes(chunk.state) && outcome !== 'accepted' && !asksFirst) {
    return `match: the chunk is ${chunk.state}, and its attempt ${outcome}`;
  }
  if (chunk.state === 'held' && outcome !== (chunk.reason === 'unknown' ? 'unknown' : 'accepted')) {
    return `match: held for ${chunk.reason}, and its attempt ${outcome}`;
  }
  const needsResult = chunk.state === 'result_ready' || chunk.state === 'ingesting';
  if (needsResult && !chunk.hasLocator && chunk.artifact === null) {
    return 'match: nothing to ingest';
  }
  const tasks = attempts.flatMap(({ task }) => task ?? []);
  if (new Set(tasks).size < tasks.length) return 'match: two attempts have the same task';
  return null;
}

/** The first promise that a step breaks, or null. */
export function brokenBy(before: World, step: Step): string | null {
  if (step.refusedBy !== null) return `refused: ${step.refusedBy}`;
  const was = before.store;
  const is = step.world.store;
  if (is === was) return null;
  if (isFinal(was) && is.chunk.state !== was.chunk.state) {
    return `P9: a chunk left ${was.chunk.state}`;
  }
  if (is.chunk.fence < was.chunk.fence) return 'P5: the fence went backwards';
  if (was.evidence.some((told) => !is.evidence.includes(told))) return 'P5: evidence is gone';
  if (is.attempts === was.attempts) return brokenByStale(before, step);
  for (const [at, attempt] of was.attempts.entries()) {
    const to = is.attempts[at]?.outcome;
    const isEdge = attemptEdges.some((each) => each.from === attempt.outcome && each.to === to);
    if (to !== attempt.outcome && !isEdge) return `match: attempt ${attempt.outcome} → ${to}`;
    if (attempt.task !== null && is.attempts[at]?.task !== attempt.task) {
      return `P5: the task of attempt ${at} was replaced`;
    }
  }
  return brokenByStale(before, step);
}

/**
 * A worker whose claim is gone changes nothing of the chunk. Its acceptance alone counts: it is what the held upload became, and it
 * shows that the provider takes our money again.
 */
function brokenByStale(before: World, step: Step): string | null {
  if (step.worker === null) return null;
  const worker = before.workers[step.worker];
  if (!('claim' in worker)) return null;
  const was = before.store.chunk;
  const is = step.world.store.chunk;
  if (worker.claim.fence === was.fence || is === was) return null;
  const isAcceptance = worker.at === 'decided' && worker.answer.startsWith('accepted');
  const isHeldUpload =
    worker.claim.attempt === was.attempt &&
    is.state === 'polling' &&
    before.store.attempts[was.attempt]?.outcome === 'unknown';
  const isUnblocked = was.reason === 'provider_balance' && is.state === 'ready';
  if (isAcceptance && (isHeldUpload || isUnblocked)) return null;
  return `P5: a worker with an old fence took the chunk from ${was.state} to ${is.state}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
