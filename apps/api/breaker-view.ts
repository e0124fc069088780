import type { Account as AccountView } from '@rollcall/contract';
import type { AccountHealthRow } from '@rollcall/db';

/** The breaker as it is shown; of an account that no worker has read it is closed. */
export function breakerOf(health: AccountHealthRow | null): AccountView['breaker'] {
  if (health === null) return { ...closed, unknown_recent: 0, last_closed: null };
  const { breaker, unknownRecent, breakerResetAt } = health;
  return {
    state: breaker.state,
    why: 'why' in breaker ? breaker.why : null,
    since: 'since_ms' in breaker ? timeOf(breaker.since_ms) : null,
    resets_at: 'until_ms' in breaker ? timeOf(breaker.until_ms) : null,
    unknown_recent: unknownRecent,
    last_closed:
      breakerResetAt === null
        ? null
        : { at: breakerResetAt.toISOString(), note: health.breakerResetNote },
  };
}

const closed = { state: 'closed', why: null, since: null, resets_at: null } as const;

function timeOf(at_ms: number): string {
  return new Date(at_ms).toISOString();
}
