import { serverNow_ms } from '@rollcall/db';
import type { Counts, Equipment } from './equipment.ts';
import { expire } from './sweeps/expire.ts';

/**
 * The expire sweep of one process, which takes nobody for dead over an outage of Postgres. Meanwhile no claim could be extended and
 * no answer stored; whoever lives through it does both within seconds of its return (`storePatiently` tries every 5 s at least).
 * To hold their uploads before that would open the breaker over uploads that are accepted a moment later, and stop the account for
 * minutes. So claims are spared for a quarter of a lease, once Postgres has refused or owed an answer for as long. How far sweeps lie
 * apart says nothing of it; one that answers and takes no writes (a full disk, a standby) is not told from one that is well; and an answer that is merely late spares once: on a busy machine each may be, and the dead must be noticed there too.
 */
export function expirePatiently(
  now_ms: () => number = () => performance.now(),
): (equipment: Equipment) => Promise<Counts> {
  let refusedSince_ms: number | null = null;
  let sparedUntil_ms: number | null = null;
  return async (equipment) => {
    const spared_ms = equipment.times.lease_ms / 4;
    const askedAt_ms = now_ms();
    try {
      await serverNow_ms(equipment.db);
    } catch (error) {
      refusedSince_ms ??= askedAt_ms;
      throw error;
    }
    const answeredAt_ms = now_ms();
    const wasAway = answeredAt_ms - (refusedSince_ms ?? askedAt_ms) >= spared_ms;
    if (wasAway && (refusedSince_ms !== null || sparedUntil_ms === null)) {
      sparedUntil_ms = answeredAt_ms + spared_ms;
    }
    refusedSince_ms = null;
    if (sparedUntil_ms !== null && answeredAt_ms < sparedUntil_ms) return { held: 0, ingests: 0 };
    sparedUntil_ms = null;
    return expire(equipment);
  };
}
