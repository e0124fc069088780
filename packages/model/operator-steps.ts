import { allowedDecisions, type HeldDecision, type HeldReason } from '@rollcall/domain';
import { adoptTask, giveUp, keepPolling, payAgain, replayArtifact } from './held-verbs.ts';
import { cancelJob, liftCeiling, pauseJob, resumeAccount, resumeJob } from './job-verbs.ts';
import type { Draft, Step, Take } from './steps.ts';
import { attemptAt, isFinalJob, type Rules } from './store.ts';
import type { World } from './world.ts';

/** What a person may do at any moment. */

export function operatorSteps(world: World, rules: Rules, take: Take): Step[] {
  const { store, left } = world;
  const steps: Step[] = [];
  if (store.job === 'running' && left.pauses > 0) {
    steps.push(
      take('pauses the job', (next) => {
        pauseJob(next.store);
        next.left = { ...left, pauses: left.pauses - 1 };
      }),
    );
  }
  if (store.job === 'paused') {
    steps.push(take('resumes the job', (next) => void resumeJob(next.store)));
  }
  if (store.job === 'running' || store.job === 'paused') {
    steps.push({ ...take('cancels the job', (next) => void cancelJob(next.store)), isLuck: true });
  }
  if (
    store.ceiling_uploads !== null &&
    store.chunk.reason === 'job_ceiling' &&
    !isFinalJob(store.job)
  ) {
    steps.push(take('lifts the ceiling', (next) => void liftCeiling(next.store)));
  }
  if (store.pausedReason !== null) {
    steps.push(take('resumes the account', (next) => void resumeAccount(next.store)));
  }
  return [...steps, ...heldSteps(world, rules, take)];
}

function heldSteps(world: World, rules: Rules, take: Take): Step[] {
  const { store, left } = world;
  const { chunk } = store;
  if (chunk.state !== 'held' || chunk.attempt === null) return [];
  const allowed = allowedDecisions({
    reason: chunk.reason as HeldReason,
    attemptOutcome: attemptAt(store, chunk.attempt).outcome,
    jobState: store.job,
    hasResult: chunk.artifact !== null || (chunk.reason === 'artifact' && chunk.hasLocator),
  });
  return allowed.flatMap((decision) => {
    if (decision === 'give_up') {
      return [take('gives up', (next) => void giveUp(next.store, rules))];
    }
    return left.decisions > 0 ? stepsOf(decision, world, rules, take) : [];
  });
}

function stepsOf(
  decision: Exclude<HeldDecision, 'give_up'>,
  world: World,
  rules: Rules,
  take: Take,
): Step[] {
  const { left, tasks, charges, store } = world;
  const decides = (label: string, decide: (next: Draft) => void) =>
    take(label, (next) => {
      decide(next);
      next.left = { ...left, decisions: left.decisions - 1 };
    });
  switch (decision) {
    case 'adopt':
      // Any task that there is, and one that there is not.
      return [...Object.keys(tasks), 'nothing'].map((task) =>
        decides(`adopts ${task}`, (next) => {
          if (adoptTask(next.store, rules, task) === 'decided') next.believed = 0;
        }),
      );
    case 'pay_again': {
      const pays = (liftedTo: 'written_off' | 'not_charged') =>
        decides(`pays again: ${liftedTo}`, (next) => {
          payAgain(next.store, rules, liftedTo);
          next.believed = 0;
        });
      const at = store.chunk.attempt ?? 0;
      // An upload that cost nothing, or a task that failed and was paid back.
      const free = charges[at] === 0 || store.attempts[at]?.outcome === 'accepted';
      return free ? [pays('written_off'), pays('not_charged')] : [pays('written_off')];
    }
    case 'keep_polling':
      return [decides('keeps polling', (next) => void keepPolling(next.store, rules))];
    case 'replay':
      return [decides('replays', (next) => void replayArtifact(next.store, rules))];
  }
}
