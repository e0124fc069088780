import { setTimeout as delay } from 'node:timers/promises';
import { inTurn, nextReady } from '@rollcall/db';
import type { Account } from '@rollcall/domain';
import { claimUpload, type Looked } from './claim-upload.ts';
import type { Counts, Equipment } from './equipment.ts';
import { sendClaimed } from './stages/submit.ts';

/** One doorbell is answered for so long at most, and for one upload: others are rung for then, so that all workers get theirs. With 5 s each third upload of 2 s waited for a ring. */
const submitRound_ms = 20_000;

/**
 * Answers a doorbell of an account: sends what is in turn there, which is not always the chunk that rang (`fair-share.ts` of the domain), and goes on with what is in
 * turn next, for whoever has ended an upload has a slot. A ring for each took a transaction, a way through the queue and up to 0.2 s of that slot. At
 * the end of its time, and where something could not be sent and left the line, whoever is next is rung for.
 */
export async function submitInTurn(
  equipment: Equipment,
  { chunkId, account }: { readonly chunkId: string; readonly account: string },
  signal: AbortSignal,
  round_ms = submitRound_ms,
): Promise<Counts> {
  const configured = equipment.accounts.accounts.get(account);
  const until = performance.now() + round_ms;
  let counts: Counts = {};
  for (;;) {
    const looked = await lookInTurn(equipment, { chunkId, account }, configured, signal);
    const isOver = looked.kind === 'gone' || looked.kind === 'waiting';
    // Whoever sent something before has not come for nothing.
    if (isOver && Object.keys(counts).length > 0) return counts;
    counts = plus(counts, await sendClaimed(equipment, signal, looked));
    if (isOver) return counts;
    if (looked.kind !== 'claimed' || signal.aborted || performance.now() >= until) {
      if (configured !== undefined) await ringNext(equipment, configured);
      return counts;
    }
  }
}

function plus(one: Counts, other: Counts): Counts {
  const sum: Record<string, number> = { ...one };
  for (const [name, count] of Object.entries(other)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

/** Whoever rings for a chunk has its row for a moment: a doorbell that met it would be answered for nothing, and its slot free until the next sweep. */
const looksInTurnMax = 40;
const lookAgain_ms = 25;

async function lookInTurn(
  equipment: Equipment,
  { chunkId, account }: { readonly chunkId: string; readonly account: string },
  configured: Account | undefined,
  signal: AbortSignal,
): Promise<Looked> {
  const checks = Object.keys(configured?.checks ?? {});
  for (let looks = 1; ; looks += 1) {
    let isNamed = true;
    const looked = await claimUpload(equipment, chunkId, signal, false, {
      account,
      async choose(tx) {
        const chosen = await inTurn(tx, account, chunkId, checks);
        isNamed = chosen === chunkId;
        return chosen;
      },
    });
    if (looked.kind !== 'gone' || isNamed || looks === looksInTurnMax) return looked;
    await delay(lookAgain_ms, undefined, { signal: equipment.stopping }).catch(() => undefined);
  }
}

/** A slot is free again: the next chunk need not wait for the sweep. */
async function ringNext(equipment: Equipment, account: Account): Promise<void> {
  const next = await nextReady(equipment.db, account.id, 1);
  await equipment.ring(
    next.map(({ chunkId, ring }) => ({ stage: 'submit', chunkId, account: account.id, ring })),
  );
}
