import { accountListSchema, type Hold, holdPageSchema } from '@rollcall/contract';
import { semanticsUnconfirmed } from '@rollcall/domain';
import type { Context } from '../context.ts';
import { heldTotals } from '../describe-hold.ts';
import { counted, grouped } from '../plain-text.ts';
import type { Finding } from './finding.ts';

/** A person reads some tens of lines; what is beyond them is told as a sum. */
const holds_max = 50;

/** Uploads that wait for a decision, the oldest first. */
export async function examineHolds({ api, signal }: Context): Promise<Finding[]> {
  const { value } = await api.ask(holdPageSchema, 'GET', '/v1/holds', {
    query: { limit: holds_max },
    signal,
  });
  const confirmed = value.data.some(isUnconfirmed) ? await confirmedAccounts({ api, signal }) : [];
  const findings = value.data.map(
    (hold): Finding => ({
      kind: 'held',
      what: `${hold.chunk_id}: ${hold.reason}${hold.detail === null ? '' : ` (${hold.detail})`}, ${counted(hold.numbers, 'number')} of ${hold.check} at ${hold.account}`,
      since: hold.held_again_at ?? hold.held_since,
      money: {
        meaning: hold.attempt_outcome === 'accepted' ? 'paid' : 'in doubt',
        amount: hold.money_at_risk,
        currency: hold.currency,
      },
      command: commandFor(hold, confirmed),
    }),
  );
  if (value.next_cursor === null) return findings;
  return [...findings, moreHolds(value.totals, findings.length)];
}

/** What is beyond the holds that are told one by one. */
export function moreHolds(
  totals: ReturnType<typeof holdPageSchema.parse>['totals'],
  told: number,
): Finding {
  const { chunks, numbers } = totals;
  return {
    kind: 'held',
    what: `and ${grouped(chunks - told)} more; in all ${counted(chunks, 'upload')}, ${counted(numbers, 'number')}, ${heldTotals(totals)}`,
    since: null,
    // One amount would leave out what was paid, or another currency.
    money: null,
    command: 'rollcall holds --all',
  };
}

const isUnconfirmed = ({ detail }: Pick<Hold, 'detail'>) => detail === semanticsUnconfirmed;

async function confirmedAccounts({ api, signal }: Pick<Context, 'api' | 'signal'>) {
  const { value } = await api.ask(accountListSchema, 'GET', '/v1/accounts', { signal });
  return value.data.filter((each) => each.semantics_confirmed).map(({ id }) => id);
}

/** What is held for unconfirmed semantics alone has a way of its own: look at the file, confirm the account, replay. */
function commandFor(
  hold: Pick<Hold, 'chunk_id' | 'account' | 'detail'>,
  confirmed: readonly string[],
): string {
  if (!isUnconfirmed(hold)) return `rollcall holds ${hold.chunk_id}`;
  return confirmed.includes(hold.account)
    ? `rollcall holds resolve ${hold.chunk_id} --decision replay --reason '…'`
    : `rollcall holds artifact ${hold.chunk_id} --out artifact.bin, look at it, then rollcall accounts confirm ${hold.account} --reason '…'`;
}
