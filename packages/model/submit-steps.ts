import {
  decideAnswered,
  decideSubmit,
  type SubmitDecision,
  type SubmitResult,
} from '@rollcall/domain';
import { account, answerOf, offer } from './provider-values.ts';
import type { Step, Take } from './steps.ts';
import { numbersInChunk, type Rules, type Store, uploadPrice } from './store.ts';
import {
  blockChunk,
  claimSubmit,
  expireSubmit,
  extendLease,
  openApproval,
  settleSubmit,
  spentByJob,
  unblockChunk,
} from './submit-verbs.ts';
import type { AnswerName, Sending, World } from './world.ts';

/** The submit stage as a worker takes it, one commit or one exchange with the provider a step. */

const farAway_ms = 1e12;

/** What the submit stage makes of a chunk as it is; null: it is not for the submit stage. */
export function lookAt(store: Store): SubmitDecision | null {
  const { chunk, job } = store;
  if (chunk.state !== 'ready' && chunk.state !== 'blocked') return null;
  return decideSubmit({
    tenant: 'default',
    now_ms: 0,
    chunk: {
      state: chunk.state,
      reason: chunk.state === 'blocked' ? (chunk.reason as 'auth') : null,
      due_ms: chunk.due === null ? null : chunk.due === 'past' ? 0 : farAway_ms,
      numbers: numbersInChunk,
    },
    job: {
      state: job,
      currency: account.currency,
      maxCost:
        store.ceiling_uploads === null
          ? null
          : ((uploadPrice * BigInt(store.ceiling_uploads)) as typeof uploadPrice),
      spent: spentByJob(store),
    },
    account: {
      pausedReason: store.pausedReason,
      uploadsInFlight: 0,
      // Time heals the breaker, and how long a step takes is not modelled.
      breaker: { state: 'closed' },
      awaitingPayment: false,
      spentToday: spentByJob(store),
      dayEnds_ms: farAway_ms,
      spentThisMonth: spentByJob(store),
      monthEnds_ms: farAway_ms,
      currencies: [account.currency],
      balance: null,
      nextRequest_ms: 0,
    },
    approvedCeiling: openApproval(store) === null ? null : uploadPrice,
    configured: account,
    offer,
  });
}

export function submitSteps(world: World, index: 0 | 1, rules: Rules, take: Take): Step[] {
  const worker = world.workers[index];
  switch (worker.at) {
    case 'idle':
      return claims(world, index, rules, take);
    case 'unsure':
      return [
        take('finds its claim unconfirmed and lets it go', (next) => {
          const { claim } = worker;
          if (next.store.attempts[claim.attempt]?.outcome === 'intent') {
            settle(next.store, rules, claim, 'not_sent', { kind: 'retry', due_ms: 0, reason: '' });
          }
          next.workers[index] = { at: 'idle' };
        }),
      ];
    case 'claimed':
      return [
        take('looks whether its claim stands', (next) => {
          const { claim } = worker;
          next.workers[index] = extendLease(next.store, claim.fence, 'past')
            ? { at: 'sending', claim }
            : { at: 'answered', claim, answer: 'not_sent' };
        }),
      ];
    case 'sending':
      return sends(world, index, worker.claim, take);
    case 'answered':
      return [
        take(`asks whether the job was cancelled, with the answer "${worker.answer}"`, (next) => {
          const jobCancelled = next.store.job === 'cancelling';
          next.workers[index] = { ...worker, at: 'decided', jobCancelled };
        }),
      ];
    case 'decided': {
      const result = resultOf(worker.answer, worker.claim, worker.jobCancelled, rules);
      const stores = (next: Parameters<Parameters<Take>[1]>[0]) => {
        settle(next.store, rules, worker.claim, worker.answer, result);
        const task = taskOf(worker.answer, worker.claim, world);
        const told = `${worker.claim.attempt}:${task}`;
        if (task !== '' && !next.settled.includes(told)) next.settled = [...next.settled, told];
        next.workers[index] = { at: 'idle' };
      };
      return [
        take(`settles "${worker.answer}"`, stores),
        ...take.fault(`settles "${worker.answer}", and does not hear of its COMMIT`, (next) => {
          stores(next);
          next.workers[index] = worker;
        }),
      ];
    }
    default:
      return [];
  }
}

function claims(world: World, index: 0 | 1, rules: Rules, take: Take): Step[] {
  const decision = lookAt(world.store);
  switch (decision?.kind) {
    case undefined:
    case 'wait':
      return [];
    case 'block':
      return world.store.chunk.reason === decision.reason
        ? []
        : [
            take(`blocks the chunk: ${decision.reason}`, ({ store }) =>
              blockChunk(store, decision.reason, decision.due_ms === null ? null : 'past'),
            ),
          ];
    case 'ask_balance':
      return [take('hears that the balance suffices', ({ store }) => unblockChunk(store))];
    case 'claim': {
      const claiming = (next: Parameters<Parameters<Take>[1]>[0]): Sending => {
        if (next.store.chunk.state === 'blocked') unblockChunk(next.store);
        const { freeTries } = next.store.chunk;
        const claim = claimSubmit(next.store, rules, 'past');
        next.charges = [...next.charges, 0];
        return { ...claim, freeTries };
      };
      return [
        take('claims the upload', (next) => {
          next.workers[index] = { at: 'claimed', claim: claiming(next) };
        }),
        ...take.fault('claims the upload, and does not hear of its COMMIT', (next) => {
          next.workers[index] = { at: 'unsure', claim: claiming(next) };
        }),
      ];
    }
  }
}

const refusals: readonly AnswerName[] = [
  'not_sent',
  'caller_fault',
  'auth',
  'no_money',
  'batch_size',
  'transient',
];

function sends(world: World, index: 0 | 1, claim: Sending, take: Take): Step[] {
  const charged = (answer: AnswerName) => (next: Parameters<Parameters<Take>[1]>[0]) => {
    next.charges = next.charges.with(claim.attempt, (next.charges[claim.attempt] ?? 0) + 1);
    if (answer !== 'accepted_again')
      next.tasks = { ...next.tasks, [`t${claim.attempt}`]: 'running' };
    next.workers[index] = { at: 'answered', claim, answer };
  };
  const free = (answer: AnswerName) => (next: Parameters<Parameters<Take>[1]>[0]) => {
    next.workers[index] = { at: 'answered', claim, answer };
  };
  return [
    take('sends, and is accepted', charged('accepted')),
    ...take.fault('sends, is charged, and the answer is lost', charged('lost')),
    ...take.fault('sends, and nothing arrives', free('lost')),
    ...(taskOf('accepted_again', claim, world) === ''
      ? []
      : take.fault('sends, is charged, and told an old id', charged('accepted_again'))),
    ...refusals.flatMap((answer) => take.fault(`sends, and it is "${answer}"`, free(answer))),
  ];
}

/** The task id that an answer tells; '' for none. */
function taskOf(answer: AnswerName, claim: Sending, { store }: World): string {
  if (answer === 'accepted') return `t${claim.attempt}`;
  if (answer !== 'accepted_again') return '';
  return store.attempts.find((each, at) => at !== claim.attempt && each.task !== null)?.task ?? '';
}

function resultOf(
  answer: AnswerName,
  claim: Sending,
  jobCancelled: boolean,
  { protections }: Rules,
): SubmitResult {
  const name = answer === 'lost' && !protections.lostAnswerIsUnknown ? 'not_sent' : answer;
  return decideAnswered(answerOf(name, `t${claim.attempt}`), {
    now_ms: 0,
    random: 0.5,
    numbers: numbersInChunk,
    freeTries: claim.freeTries,
    jobCancelled,
    pace: null,
    configured: account,
    offer,
  });
}

function settle(
  store: Store,
  rules: Rules,
  claim: Sending,
  answer: AnswerName,
  result: SubmitResult,
): void {
  const name = answer === 'lost' && !rules.protections.lostAnswerIsUnknown ? 'not_sent' : answer;
  const old = store.attempts.find((each, at) => at !== claim.attempt && each.task !== null)?.task;
  const task = name === 'accepted_again' ? (old ?? '') : `t${claim.attempt}`;
  const due = result.kind === 'blocked' && result.due_ms === null ? null : 'past';
  settleSubmit(store, rules, claim, answerOf(name, task), result, due);
}

export function expireSubmitSteps({ store }: World, rules: Rules, take: Take): Step[] {
  if (store.chunk.state !== 'submitting' || !rules.protections.sweepOfSubmits) return [];
  return [take('ends an upload’s claim', (next) => void expireSubmit(next.store, rules))];
}
