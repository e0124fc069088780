import { holdPageSchema } from '@rollcall/contract';
import type { Context } from '../context.ts';
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
  const findings = value.data.map(
    (hold): Finding => ({
      kind: 'held',
      what: `${hold.chunk_id}: ${hold.reason}${hold.detail === null ? '' : ` (${hold.detail})`}, ${counted(hold.numbers, 'number')} of ${hold.check} at ${hold.account}`,
      since: hold.held_since,
      money: { meaning: 'at risk', amount: hold.money_at_risk, currency: hold.currency },
      command: `rollcall holds ${hold.chunk_id}`,
    }),
  );
  if (value.next_cursor === null) return findings;
  const [money] = value.totals.money_at_risk;
  return [
    ...findings,
    {
      kind: 'held',
      what: `and ${grouped(value.totals.chunks - findings.length)} more, ${counted(value.totals.numbers, 'number')} in all`,
      since: null,
      money: money === undefined ? null : { meaning: 'at risk in all', ...money },
      command: 'rollcall holds --all',
    },
  ];
}
