import type { Database, Transaction } from '../database.ts';

/**
 * Uploads of callers that are being received. Whoever erases a number waits for those that began before: what is in them is stored by then, and
 * found, or never will be.
 */
export interface OpenIntake {
  readonly tenantId: number;
  readonly intakeNo: number;
}

/** Says that an upload is about to be read, before its first byte is: whoever stores it ends that, or `closeIntake`, or the time. */
export async function openIntake(
  db: Database,
  tenantId: number,
  lasts_ms: number,
): Promise<OpenIntake> {
  const { rows } = await db.transaction('intake.open', (tx) =>
    tx.query<{ intake_no: number }>(
      `INSERT INTO store.intakes (tenant_id, ends_at) VALUES ($1, clock_timestamp() + $2 * interval '1 millisecond') RETURNING intake_no`,
      [tenantId, lasts_ms],
    ),
  );
  const row = rows[0];
  if (!row) throw new Error('INSERT ... RETURNING gave no row');
  return { tenantId, intakeNo: row.intake_no };
}

/** Nothing is stored of it. */
export async function closeIntake(db: Database, intake: OpenIntake): Promise<void> {
  await db.transaction('intake.close', (tx) => endIntake(tx, intake));
}

/**
 * Ends it with the transaction that stores it, which has its lock until then: no sweep takes it away meanwhile. False: its time was over,
 * erasures do not wait for it any more, and nothing of it may be stored.
 */
export async function endIntake(
  tx: Transaction,
  { tenantId, intakeNo }: OpenIntake,
): Promise<boolean> {
  const ended = await tx.query(
    'DELETE FROM store.intakes WHERE tenant_id = $1 AND intake_no = $2',
    [tenantId, intakeNo],
  );
  return ended.rowCount === 1;
}

/** Forgets those whose time is over, but for one that is being stored at last. */
export async function dropOldIntakes(tx: Transaction): Promise<void> {
  await tx.query(
    `DELETE FROM store.intakes WHERE intake_no IN (
       SELECT intake_no FROM store.intakes WHERE ends_at < clock_timestamp() FOR UPDATE SKIP LOCKED)`,
  );
}
