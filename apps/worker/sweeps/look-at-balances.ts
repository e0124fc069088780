import { setTimeout as delay } from 'node:timers/promises';
import { keepDoubtBalance, recordBalance, reserveRequest, takeDoubtLook } from '@rollcall/db';
import { parseMoney } from '@rollcall/domain';
import type { Counts, Equipment } from '../equipment.ts';

/** One cheap call an account and minute, however many of its uploads were lost. */
const lookEvery_ms = 60_000;

/**
 * Asks for the balance of an account on which an upload ended unknown, also where the worker that sent it died: beside what was told before, it
 * is a hint for the person who will decide. Nothing is decided by it here.
 */
export async function lookAtBalances(equipment: Equipment): Promise<Counts> {
  const { db, log, accounts, stopping } = equipment;
  const known = [...accounts.accounts.keys()];
  const accountId = await db.transaction('sweep.take_doubt_look', (tx) =>
    takeDoubtLook(tx, known, lookEvery_ms),
  );
  const account = accountId === null ? undefined : accounts.accounts.get(accountId);
  if (!account) return { looked: 0 };
  const wait_ms = await db.transaction('sweep.reserve_request', (tx) =>
    reserveRequest(tx, account.id, account.pace.requestsPerSecond),
  );
  await delay(wait_ms, undefined, { signal: stopping }).catch(() => undefined);
  if (stopping.aborted) return { looked: 0 };
  const answer = await equipment.providerOf(account).balance(stopping);
  const balance = answer.kind === 'balance' ? parseMoney(answer.amount) : null;
  if (balance === null) return { looked: 1 };
  await db.transaction('sweep.keep_doubt_balance', async (tx) => {
    await recordBalance(tx, account.id, balance);
    await keepDoubtBalance(tx, account.id, balance);
  });
  log.info('account.balance', { account: account.id });
  return { looked: 1, told: 1 };
}
