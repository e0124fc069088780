import { decideAdoption, decidePoll, type PollDecision } from '@rollcall/domain';
import { claimPoll, confirmAdoption, settlePoll, type TaskClaim } from './poll-verbs.ts';
import { account, polledOf, rankOf } from './provider-values.ts';
import type { Draft, Step, Take } from './steps.ts';
import { numbersInChunk, type Rules } from './store.ts';
import type { Phase, PollName, World } from './world.ts';

/** The poll stage as a worker takes it. */

export function pollSteps(world: World, index: 0 | 1, rules: Rules, take: Take): Step[] {
  const worker = world.workers[index];
  switch (worker.at) {
    case 'idle':
      if (world.store.chunk.state !== 'polling') return [];
      return [
        take('claims the poll', (next) => {
          const claim = claimPoll(next.store, 'past');
          if (claim) next.workers[index] = { at: 'asking', claim };
        }),
      ];
    case 'asking': {
      const { claim } = worker;
      const phase = world.tasks[claim.task] ?? 'not_found';
      // How far the task is comes to light when it is asked for, and goes only on. The copy that answers may lag behind what was told; after
      // a failure that would be news, which is believed.
      const isBelievedReady = world.store.attempts[claim.attempt]?.phase === 'ready';
      const hears =
        (answer: PollName, becomes: Phase | null = null) =>
        (next: Draft) => {
          if (becomes !== null) next.tasks = { ...next.tasks, [claim.task]: becomes };
          next.workers[index] = { at: 'polled', claim, answer };
        };
      const asks = `asks for ${claim.task} and hears`;
      return [
        take(`${asks} "${phase}"`, hears(phase)),
        ...(phase === 'running' || phase === 'failed'
          ? [take(`${asks} "ready"`, hears('ready', 'ready'))]
          : []),
        ...(phase === 'running' ? take.fault(`${asks} "failed"`, hears('failed', 'failed')) : []),
        ...(phase === 'running' ? take.fault(`${asks} "overdue"`, hears('overdue')) : []),
        ...(isBelievedReady ? take.fault(`${asks} "running" again`, hears('running')) : []),
        ...(['not_found', 'no_answer', 'unrecognised'] as const).flatMap((answer) =>
          take.fault(`${asks} "${answer}"`, hears(answer)),
        ),
      ];
    }
    case 'polled': {
      const { claim, answer } = worker;
      const settles = (next: Draft) => {
        settle(next, rules, claim, answer);
        next.workers[index] = { at: 'idle' };
      };
      return [
        take(`settles "${answer}" of ${claim.task}`, settles),
        ...take.fault(`settles "${answer}", and does not hear of its COMMIT`, (next) => {
          settles(next);
          next.workers[index] = worker;
        }),
      ];
    }
    default:
      return [];
  }
}

/** One transaction: an adoption is judged, then the poll is settled (apps/worker/stages/poll.ts, judge-adoption.ts). */
function settle(next: Draft, rules: Rules, claim: TaskClaim, answer: PollName): void {
  const polled = polledOf(answer);
  const decision = decidePoll(polled, {
    now_ms: answer === 'overdue' ? account.poll.deadline_ms : 1,
    random: 0.5,
    acceptedAt_ms: 0,
    deadline_ms: account.poll.deadline_ms,
    awaitingPaymentSince_ms: null,
    polls: 1,
    missingPolls: claim.missingPolls,
    upstreamFailures: claim.upstreamFailures,
    lastDetermined: null,
    lastPhase: rules.protections.goesBack ? claim.lastPhase : null,
    numbers: numbersInChunk,
    pace: null,
    configured: account,
  });
  let judged: PollDecision = decision;
  if (claim.adopting) {
    const adoption = decideAdoption(polled, decision, {
      numbers: numbersInChunk,
      sentFrom_ms: 0,
      sentUntil_ms: 1,
      taskMadeAt_ms: null,
    });
    if (adoption.kind === 'refuse') {
      judged = { kind: 'hold', reason: 'unknown', detail: adoption.detail };
    }
    if (adoption.kind === 'confirm') {
      const confirmed = confirmAdoption(next.store, rules, claim);
      if (confirmed === 'stale') return;
      if (confirmed === 'task_in_use') {
        judged = { kind: 'hold', reason: 'unknown', detail: 'adopted_task_in_use' };
      }
    }
  }
  if (settlePoll(next.store, rules, claim, polled, judged, 'past') !== 'applied') return;
  const rank = rankOf(answer);
  if (rank === null) return;
  if (rank < next.believed) next.wentBack = true;
  next.believed = rank;
}
