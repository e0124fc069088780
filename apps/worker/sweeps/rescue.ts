import { dueDoorbells, sweepAlone } from '@rollcall/db';
import type { Counts, Equipment } from '../equipment.ts';

/**
 * Finds whatever is due and rings for it: the only clock of the system, and what makes every doorbell disposable. One process
 * at a time does it; the doorbells are rung after the commit that counted them.
 */
export async function rescue(equipment: Equipment): Promise<Counts> {
  const slots = new Map(
    [...equipment.accounts.accounts.values()].map((account) => [
      account.id,
      account.pace.uploadsInFlight,
    ]),
  );
  const due = await sweepAlone(equipment.db, 'rescue', (tx) =>
    dueDoorbells(tx, equipment.times.rescueInterval_ms, slots),
  );
  if (due === null || due.length === 0) return { rung: 0 };
  await equipment.ring(due);
  equipment.log.debug('sweep.rang', { counts: { doorbells: due.length } });
  return { rung: due.length };
}
