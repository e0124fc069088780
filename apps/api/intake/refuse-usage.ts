import type { KeyEnded, LimitReached } from '@rollcall/db';
import { type Refusal, refuse } from '../refusal.ts';

/** A job that its key, or the tenant, may not make today. */
export function refuseUsage(refused: LimitReached | KeyEnded): Refusal {
  if (refused.kind === 'key_ended') {
    const detail = 'The key was revoked, or has expired, while the upload came in.';
    return refuse('unauthenticated', { detail });
  }
  const { whose, unit, max, used, asked, currency, resets_s: retryAfter_s } = refused;
  const code = unit === 'numbers' ? 'numbers_per_day_reached' : 'cost_per_day_reached';
  const of = unit === 'numbers' ? 'numbers' : currency;
  const who = whose === 'key' ? 'The key may take' : 'All keys of the tenant together may take';
  const detail =
    `${who} ${max} ${of} a day (UTC); ${used} are taken, and this is ${asked}. ` +
    'Wait for the next day, send fewer numbers, or have the limit raised. Nothing was stored.';
  return refuse(code, { detail, retryAfter_s });
}
