import type { Account } from '@rollcall/domain';
import { testBackends, waitFor } from '@rollcall/testing';
import { expect, test } from 'vitest';
import type { Equipment } from './equipment.ts';
import { planJob } from './stages/plan.ts';
import { pollAccount } from './stages/poll.ts';
import { submitChunk } from './stages/submit.ts';
import { type Ground, type GroundOptions, layGround } from './test-ground.ts';

/** Many due tasks at a slow account: what they cost the others, and what becomes of their claims while they wait their turn. */
const never = new AbortController().signal;

function slow(requestsPerSecond: number): GroundOptions {
  return {
    chunkSize: 10,
    lease_ms: 5_000,
    change: (account) => ({
      ...account,
      canary: 'off',
      poll: { floor_ms: 500, ceiling_ms: 1_000, deadline_ms: 3_600_000 },
      pace: {
        requestsPerSecond: account.id === 'ekycpro' ? requestsPerSecond : 100,
        uploadsInFlight: 10,
      },
    }),
  };
}

async function withGround(options: GroundOptions, work: (ground: Ground) => Promise<void>) {
  const ground = await layGround(options);
  try {
    await work(ground);
  } finally {
    await ground.close();
  }
}

/** Tasks at the slow account that never get an answer to a status call and so are due again and again. */
async function tasksThatAreAlwaysDue(ground: Ground, count: number): Promise<void> {
  await ground.fault({
    match: { account: 'ekycpro', operation: 'status' },
    next: 'all',
    action: { kind: 'answer', status: 503, text: '' },
  });
  const numbers = Array.from({ length: count * 10 }, (_, index) => 447_918_000_000 + index);
  const jobId = await ground.enqueue('telegram', numbers);
  await planJob(ground.equipment, jobId);
  const paced = (account: Account): Account => ({
    ...account,
    pace: { requestsPerSecond: 1_000, uploadsInFlight: 10 },
  });
  const hasty: Equipment = {
    ...ground.equipment,
    accounts: {
      ...ground.accounts,
      accounts: new Map([...ground.accounts.accounts].map(([id, each]) => [id, paced(each)])),
    },
  };
  for (const chunk of await ground.chunks(jobId)) {
    expect(await submitChunk(hasty, String(chunk['id']), never)).toEqual({ polling: 1 });
  }
  await ground.db.query("UPDATE store.account_states SET next_request_at = '-infinity'");
  await ground.hurry(jobId);
}

test('keep no other account’s task waiting', async () =>
  withGround(slow(4), async (ground) => {
    await tasksThatAreAlwaysDue(ground, 40);
    await ground.start(testBackends.at(-1) ?? 'postgres');
    // By then every doorbell that could stand in the way has been rung.
    await waitFor(async () => (await ground.requests('ekycpro', 'status')) >= 24, {
      timeoutMs: 15_000,
      describe: 'the slow account to be polled for seconds',
    });
    const other = await ground.enqueue(
      'twitter',
      Array.from({ length: 600 }, (_, index) => 447_919_000_000 + index),
    );
    await ground.untilState(other, ['completed'], 10_000);
    expect(await ground.job(other)).toMatchObject({ answered: 600 });
    await ground.nothingPaidTwice();
  }));

test('are claimed no faster than they can be asked for: no lease runs out before its answer', async () =>
  withGround(slow(1), async (ground) => {
    await tasksThatAreAlwaysDue(ground, 10);
    const workers = [pollAccount(ground.equipment, 'ekycpro', never)];
    // Other processes get the doorbells that are rung meanwhile, and take whatever claims have run out.
    for (const asked of [3, 6]) {
      await waitFor(async () => (await ground.requests('ekycpro', 'status')) >= asked, {
        timeoutMs: 10_000,
        describe: `${asked} status calls`,
      });
      workers.push(pollAccount(ground.equipment, 'ekycpro', never));
    }
    for (const counts of await Promise.all(workers)) {
      expect(counts['stale']).toBe(0);
      expect(counts['calls']).toBeGreaterThan(0);
    }
    expect(ground.logged.filter((line) => line['event'] === 'chunk.stale')).toEqual([]);
  }));
