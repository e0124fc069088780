import { closeIntake, type Database, openIntake, type OpenIntake } from '@rollcall/db';

/** From the last byte of an upload until it is begun to be stored: others are stored and read first, and a workbook of the largest size takes minutes. */
const waitForStore_msMax = 3_600_000;

/**
 * Receives an upload. An erasure that is asked for meanwhile waits until all of it is stored, or nothing of it will be. `isStored`: whoever
 * stored it has ended that.
 */
export async function whileIntakeOpen<T>(
  database: Database,
  {
    tenantId,
    requestTimeout_ms,
  }: { readonly tenantId: number; readonly requestTimeout_ms: number },
  receive: (open: OpenIntake) => Promise<T>,
  isStored: (received: T) => boolean,
): Promise<T> {
  const open = await openIntake(database, tenantId, requestTimeout_ms + waitForStore_msMax);
  let mayBeOpen = true;
  try {
    const received = await receive(open);
    mayBeOpen = !isStored(received);
    return received;
  } finally {
    if (mayBeOpen) await closeIntake(database, open);
  }
}
