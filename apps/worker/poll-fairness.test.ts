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
      // Of any call: who does not answer is waited for until the test is over.
      upload_deadline_ms: account.id === 'ekycpro' ? 600_000 : account.upload_deadline_ms,
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

/** Due tasks at the slow account whose status calls all end like this. */
async function dueTasks(ground: Ground, count: number, action: object): Promise<void> {
  await ground.fault({ match: { account: 'ekycpro', operation: 'status' }, next: 'all', action });
  const numbers = Array.from({ length: count * 10 }, (_, index) => 447_918_000_000 + index);
  const jobId = await ground.enqueue('telegram', numbers);
  await planJob(ground.equipment, jobId);
  const paced = (account: Account): Account => ({
    ...account,
    pace: { requestsPerSecond: 1_000, uploadsInFlight: 10 },
  });
  const hasty: Equipment = {
    ...ground.equipment,
    // Its uploads are begun all the same: the lease of their claims outlasts that deadline.
    times: { ...ground.equipment.times, lease_ms: 3_600_000 },
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
    await dueTasks(ground, 40, { kind: 'never_answer' });
    await ground.start(testBackends.at(-1) ?? 'postgres');
    await waitFor(async () => (await ground.requests('ekycpro', 'status')) > 0, {
      timeoutMs: 60_000,
      describe: 'the slow account to be asked',
    });
    // More of its doorbells than a process answers at once, all of them before any of the other.
    const rings = Array.from({ length: 2 * ground.accounts.accounts.size }, (_, index) => index);
    await ground.equipment.ring(
      rings.map((ring) => ({ stage: 'poll', account: 'ekycpro', ring: 1_000_000 + ring })),
    );
    const other = await ground.enqueue(
      'twitter',
      Array.from({ length: 600 }, (_, index) => 447_919_000_000 + index),
    );
    await ground.untilState(other, ['completed']);
    expect(await ground.job(other)).toMatchObject({ answered: 600 });
    // The order, and no clock: the other was asked for, and is done, before the first call to the slow account came to any end.
    expect(await endsOfStatusCalls(ground, 'ekycpro')).toEqual({});
    expect(await endsOfStatusCalls(ground, 'checknumber')).toMatchObject({
      200: expect.any(Number) as number,
    });
    await ground.nothingPaidTwice();
  }));

test('are claimed no faster than they can be asked for: no lease runs out before its answer', async () =>
  withGround(slow(1), async (ground) => {
    // No answer, so that they are due again and again.
    await dueTasks(ground, 10, { kind: 'answer', status: 503, text: '' });
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

/** How many status calls of an account ended with which status, as the simulator counts; 0 for those without an answer. */
async function endsOfStatusCalls(ground: Ground, account: string): Promise<unknown> {
  const { requests } = (await ground.simulator.control('GET', 'requests')) as {
    requests: readonly { account: string; operation: string; statuses: unknown }[];
  };
  const tally = requests.find((each) => each.account === account && each.operation === 'status');
  return tally?.statuses;
}
