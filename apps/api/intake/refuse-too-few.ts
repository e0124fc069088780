import type { Intake } from '@rollcall/numbers';
import { type Refusal, refuse } from '../refusal.ts';
import type { ChosenAccount } from './choose-account.ts';

type Read = Pick<Intake, 'lines' | 'accepted' | 'duplicates' | 'rejected' | 'rejectReasons'>;

/**
 * An upload of fewer numbers than the provider takes, or lately said that it takes, would be refused there after the job was made. What is
 * suppressed is accepted, and not sent.
 */
export function refuseTooFew(
  { lines, accepted, duplicates, rejected, rejectReasons }: Read,
  suppressed: number,
  { account }: ChosenAccount,
  minNumbers: number,
): Refusal | null {
  if (accepted - suppressed >= minNumbers) return null;
  return refuse('too_few_numbers', {
    detail:
      `The account ${account.id} takes at least ${counted(minNumbers, 'number')} for this check. ` +
      `Of ${counted(lines, 'line')}: ${accepted} accepted${suppressed > 0 ? `, of which ${suppressed} must not be sent` : ''}, ${duplicates} repeated, ${rejected} rejected${why(rejectReasons)}. ` +
      'Nothing was stored.',
    counts: {
      minimum: minNumbers,
      lines,
      accepted,
      duplicates,
      rejected,
      reject_reasons: Object.fromEntries(rejectReasons),
    },
  });
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

/** Most frequent first; the one reason that an option can mend says which. */
function why(reasons: Read['rejectReasons']): string {
  const told = [...reasons]
    .sort(([, left], [, right]) => right - left)
    .map(([reason, count]) =>
      reason === 'not_international'
        ? `${count} ${reason}: give \`default_region\`, or write the country code`
        : `${count} ${reason}`,
    );
  return told.length === 0 ? '' : ` (${told.join('; ')})`;
}
