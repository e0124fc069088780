import { accountListSchema } from '@rollcall/contract';
import type { Context } from '../context.ts';
import { counted } from '../plain-text.ts';
import { resumeStepOf } from '../stuck.ts';
import type { Finding } from './finding.ts';

/** Accounts that send nothing. */
export async function examineAccounts({ api, signal }: Context): Promise<Finding[]> {
  const { value } = await api.ask(accountListSchema, 'GET', '/v1/accounts', { signal });
  return value.data.flatMap((account): Finding[] => {
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
          ...resumeStepOf(account.id, reason),
        },
      ];
    }
    if (account.state !== 'breaker_open' && account.state !== 'breaker_half_open') return [];
    const { unknown_recent, resets_at, since } = account.breaker;
    const open = account.state === 'breaker_open';
    return [
      {
        kind: 'account_stopped',
        what: `the breaker of ${account.id} is ${open ? 'open' : 'half-open'} after ${counted(unknown_recent, 'unknown upload')}, ${behind}${resets_at === null ? '' : `; one upload goes at ${resets_at}`}`,
        since,
        money: null,
        advice: account.advice,
        command: `rollcall holds --account ${account.id}`,
      },
    ];
  });
}
