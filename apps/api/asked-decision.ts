import type { ResolveHold } from '@rollcall/contract';
import type { ApiKey } from '@rollcall/db';
import { type Money, parseMoney } from '@rollcall/domain';
import { allows } from './key-rights.ts';
import { type Refusal, refuse } from './refusal.ts';

/** The words of a decision that cost money or need a right, of one hold or of many. */
type Deciding = Pick<ResolveHold, 'decision' | 'task_id' | 'cost_ceiling' | 'not_charged'>;

/** What a body names beyond its decision, or leaves out. */
export function misfitOf(body: Deciding): Refusal | null {
  const wrong = (pointer: string, message: string) =>
    refuse('invalid_request', { errors: [{ in: 'body', pointer, message }] });
  const { decision } = body;
  if (decision === 'adopt' && body.task_id === undefined) {
    return wrong('/task_id', 'is required with adopt: the id that the provider’s support named');
  }
  if (decision !== 'adopt' && body.task_id !== undefined) {
    return wrong('/task_id', 'goes with adopt only');
  }
  if (decision === 'pay_again') {
    return body.cost_ceiling === undefined ? refuse('cost_ceiling_required') : null;
  }
  if (body.cost_ceiling !== undefined) return wrong('/cost_ceiling', 'goes with pay_again only');
  if (body.not_charged !== undefined) return wrong('/not_charged', 'goes with pay_again only');
  return null;
}

/** Who decides that something is paid again needs the right to spend, too. */
export function missingScope(key: ApiKey, { decision }: Deciding): Refusal | null {
  if (decision !== 'pay_again' || allows(key, 'approvals:write')) return null;
  return refuse('scope_missing', { detail: 'Paying again needs the scope approvals:write too.' });
}

/** What paying again may cost at most. Throws where there is none: `misfitOf` refuses that. */
export function ceilingOf({ cost_ceiling }: Pick<ResolveHold, 'cost_ceiling'>): Money {
  const ceiling = parseMoney(cost_ceiling ?? '');
  if (ceiling === null) throw new Error('a ceiling that the schema took is no amount');
  return ceiling;
}
