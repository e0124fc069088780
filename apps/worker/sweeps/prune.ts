import { prune as pruneTables, sweepAlone } from '@rollcall/db';
import type { Counts, Equipment } from '../equipment.ts';

/** Makes the partitions of the month to come, and forgets what is past its use. */
export async function prune(equipment: Equipment): Promise<Counts> {
  const pruned = await sweepAlone(equipment.db, 'prune', pruneTables);
  if (pruned === null) return { idempotencyKeys: 0 };
  if (pruned.idempotencyKeys > 0) {
    equipment.log.info('sweep.pruned', { counts: { idempotency_keys: pruned.idempotencyKeys } });
  }
  return { idempotencyKeys: pruned.idempotencyKeys };
}
