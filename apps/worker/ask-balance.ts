import { setTimeout as delay } from 'node:timers/promises';
import {
  forgetBalance,
  type LoadedSubmit,
  recordBalance,
  reserveRequest,
  takeBalanceLook,
  unblockAccount,
  unblockChunk,
} from '@rollcall/db';
import { type Account, balanceWait_ms, type Money, parseMoney } from '@rollcall/domain';
import type { Equipment } from './equipment.ts';

/**
 * Asks whether the provider has money for us again. True: this chunk may be sent, as the one probe. Where the balance is told and
 * suffices, the others follow at once; where it cannot be told, they wait for the probe.
 */
export async function askBalance(
  equipment: Equipment,
  loaded: LoadedSubmit,
  account: Account,
  needed: Money,
): Promise<boolean> {
  const { db, log } = equipment;
  const later_ms = loaded.facts.now_ms + balanceWait_ms;
  const mine = await db.transaction('submit.take_balance_look', (tx) =>
    takeBalanceLook(tx, account.id, loaded.chunkId, later_ms),
  );
  if (!mine) return false;
  await delay(
    await db.transaction('submit.reserve_request', (tx) =>
      reserveRequest(tx, account.id, account.pace.requestsPerSecond),
    ),
  );
  const answer = await equipment.providerOf(account).balance();
  const balance = answer.kind === 'balance' ? parseMoney(answer.amount) : null;
  return db.transaction('submit.keep_balance', async (tx) => {
    if (balance === null) {
      // What was told before may be outdated, and must not stop what nobody can ask about any more.
      await forgetBalance(tx, account.id);
      return unblockChunk(tx, loaded.chunkId, loaded.fence);
    }
    await recordBalance(tx, account.id, balance);
    log.info('account.balance', { account: account.id });
    if (balance < needed) return false;
    await unblockAccount(tx, account.id, ['provider_balance']);
    return true;
  });
}
