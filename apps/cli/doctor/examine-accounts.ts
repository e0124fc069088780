import { type Account, accountListSchema } from '@rollcall/contract';
import type { Context } from '../context.ts';
import { counted } from '../plain-text.ts';
import { resumeStepOf } from '../stuck.ts';
import type { Finding } from './finding.ts';

/** Accounts that send nothing, or whose provider waits to be paid. */
export async function examineAccounts({ api, signal }: Context): Promise<Finding[]> {
  const { value } = await api.ask(accountListSchema, 'GET', '/v1/accounts', { signal });
  return value.data.flatMap(accountFindings);
}

export function accountFindings(account: Account): Finding[] {
  return [...stopFindings(account), ...paymentFindings(account)];
}

function stopFindings(account: Account): Finding[] {
  const waiting = account.chunks.ready + account.chunks.blocked;
  const behind =
    waiting === 0
      ? 'nothing waits for it'
      : `${counted(waiting, 'upload')} ${waiting === 1 ? 'waits' : 'wait'}`;
  if (account.paused !== null) {
    const { reason, since, note } = account.paused;
    return [
      {
        kind: 'account_stopped',
        what: `${account.id} is paused (${note === null ? reason : `${reason}: ${note}`}), ${behind}`,
        since,
        money: null,
        ...(reason !== 'auth' && { advice: account.advice }),
        ...resumeStepOf(account, reason),
      },
    ];
  }
  if (account.state !== 'breaker_open' && account.state !== 'breaker_half_open') return [];
  const { unknown_recent: unknown, why, resets_at: until, since } = account.breaker;
  const state = account.state === 'breaker_open' ? 'open' : 'half-open';
  const isDecided = account.chunks.held === 0;
  const after = [
    ...(why === null ? [] : [`opened for ${why}`]),
    isDecided
      ? 'nothing of it is held any more'
      : `${counted(unknown, 'unknown upload')} in ten minutes`,
    behind,
  ].join(', ');
  return [
    {
      kind: 'account_stopped',
      what: `the breaker of ${account.id} is ${state}: ${after}${until === null ? '' : `; one upload goes at ${until}`}`,
      since,
      money: null,
      advice: account.advice,
      ...(isDecided
        ? resumeStepOf(account, 'breaker')
        : { command: `rollcall holds --account ${account.id}` }),
    },
  ];
}

/** Until it is paid nothing more is sent to it, whatever of it waits. */
function paymentFindings({ id, top_up: topUp, currency }: Account): Finding[] {
  if (topUp === null) return [];
  const { needed, tasks, uploads, since } = topUp;
  const isPaidIn = needed === '0';
  // What was not sent goes by itself then; a task may have to be paid by hand.
  if (isPaidIn && tasks === 0) return [];
  const unsent = uploads - tasks;
  const what = [
    ...(tasks === 0
      ? []
      : [`${counted(tasks, 'task')} ${tasks === 1 ? 'waits' : 'wait'} for payment`]),
    ...(unsent === 0
      ? []
      : [
          `${counted(unsent, 'upload')} ${unsent === 1 ? 'waits' : 'wait'} for the provider's money`,
        ]),
  ].join(', ');
  return [
    {
      kind: 'account_waits',
      what: `${id}: ${what}${isPaidIn ? ', and its balance suffices: pay at the provider if it does not begin' : ''}`,
      since,
      money: isPaidIn ? null : { meaning: 'top up at least', amount: needed, currency },
      command: `rollcall accounts ${id}`,
    },
  ];
}
