import {
  auditSums,
  cutAudit,
  dropMonths,
  emptyEvidence,
  prune as pruneTables,
  sweepAlone,
} from '@rollcall/db';
import type { Counts, Equipment } from '../equipment.ts';

/** Makes the partitions of the month to come, forgets what is past its use or has been kept as long as it may, and once a day counts kept sums anew. */
export async function prune(equipment: Equipment): Promise<Counts> {
  const { db, log, retention } = equipment;
  const pruned = await sweepAlone(db, 'prune', pruneTables);
  if (pruned === null) return { idempotency_keys: 0 };
  const { idempotencyKeys: idempotency_keys, isToAuditSums } = pruned;
  // Outside of that transaction, which would keep every lock to its end; two processes that drop the same do no harm.
  const { dropped, needed, busy } = await dropMonths(db, retention);
  const emptied = await emptyEvidence(db);
  const audit_rows = await cutAudit(db, retention.audit);
  const different = isToAuditSums ? await auditSums(db) : [];
  if (different.length > 0) log.error('sums.different', { counts: { sums: different.length } });
  const counts = { idempotency_keys, partitions: dropped, needed, busy, emptied, audit_rows };
  if (idempotency_keys + dropped + emptied + audit_rows > 0) log.info('sweep.pruned', { counts });
  if (needed + busy > 0) log.warn('sweep.kept_longer', { counts: { needed, busy } });
  return counts;
}
