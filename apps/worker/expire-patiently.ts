import { serverNow_ms } from '@rollcall/db';
import type { Counts, Equipment } from './equipment.ts';
import { expire } from './sweeps/expire.ts';

/**
 * The expire sweep of one process, which takes nobody for dead over an outage of Postgres. Meanwhile no claim could be extended and
 * no answer stored; whoever lives through it does both within seconds of its return (`storePatiently` tries every 5 s at least).
 * To hold their uploads before that would open the breaker over uploads that are accepted a moment later, and stop the account for
 * minutes. So claims are spared for a quarter of a lease, once Postgres has not answered for as long.
 */
export function expirePatiently(
  now_ms: () => number = () => performance.now(),
): (equipment: Equipment) => Promise<Counts> {
  let answeredAt_ms: number | null = null;
  let sparedUntil_ms = Number.NEGATIVE_INFINITY;
  return async (equipment) => {
    const spared_ms = equipment.times.lease_ms / 4;
    const wasAway = answeredAt_ms !== null && now_ms() - answeredAt_ms >= spared_ms;
    const counts =
      wasAway || now_ms() < sparedUntil_ms ? await lookOnly(equipment) : await expire(equipment);
    answeredAt_ms = now_ms();
    if (wasAway) sparedUntil_ms = answeredAt_ms + spared_ms;
    return counts;
  };
}

/** Throws while Postgres is away, as the sweep would. */
async function lookOnly({ db }: Equipment): Promise<Counts> {
  await serverNow_ms(db);
  return { held: 0, ingests: 0 };
}
