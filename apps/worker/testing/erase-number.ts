import { randomBytes } from 'node:crypto';
import { askErasure, type Database, readErasure, seeErasures } from '@rollcall/db';
import { type ErasureId, makeId } from '@rollcall/domain';
import { waitFor } from '@rollcall/testing';
import type { Equipment } from '../equipment.ts';
import { erase } from '../sweeps/erase.ts';
import { testDigests } from '../test-ground.ts';

/** Asks for a number to be erased, as the API does. */
export async function askToErase(db: Database, number: number): Promise<ErasureId> {
  const wish = {
    id: makeId('erasure', Date.now(), randomBytes(10)),
    tenantId: 1,
    number,
    askedBy: 'key_1 (privacy)',
    requestedBy: 'ana',
    reason: 'Art. 17',
  };
  const { id } = await db.transaction('test', (tx) => askErasure(tx, wish, testDigests));
  return id;
}

/** Waits until the next `erase` takes what was asked for: other tests write in the same Postgres, and whoever began before it was seen is waited for. */
export async function untilErasuresBegin(db: Database): Promise<void> {
  await db.transaction('test', seeErasures);
  const waiting =
    'SELECT FROM store.erasures WHERE due_at IS NOT NULL AND store.is_alone(tenant_id, seen_in) IS NOT TRUE';
  await waitFor(async () => (await db.query(waiting)).rowCount === 0, {
    timeoutMs: 60_000,
    describe: 'other tests’ transactions to end',
  });
}

/** Asks for a number to be erased, and has it done. */
export async function eraseNumber(
  db: Database,
  equipment: Equipment,
  number: number,
): Promise<ErasureId> {
  const id = await askToErase(db, number);
  await waitFor(
    async () => {
      await db.query(
        'UPDATE store.erasures SET due_at = clock_timestamp() WHERE due_at IS NOT NULL',
      );
      await erase(equipment);
      return (await readErasure(db, 1, id))?.doneAt ?? null;
    },
    { timeoutMs: 60_000, describe: 'the number to be erased' },
  );
  return id;
}
