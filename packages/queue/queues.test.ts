import { randomBytes } from 'node:crypto';
import { makeId } from '@rollcall/domain';
import { testBackends, waitFor } from '@rollcall/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Doorbell } from './doorbell.ts';
import type { Queues } from './open-queues.ts';
import type { QueueEvent } from './queue-event.ts';
import { type Ground, openGroundOn, queueNamed, submitDoorbell } from './test-ground.ts';

/** A number that must be found nowhere. */
const canary = '+4915112345678';

const chunkId = () => makeId('chunk', Date.now(), randomBytes(10));
const jobId = () => makeId('job', Date.now(), randomBytes(10));

const until = (condition: () => unknown, timeoutMs = 60_000) =>
  waitFor(condition, { timeoutMs, describe: condition.toString() });

function only<T>(list: readonly T[]): T {
  const [first, ...others] = list;
  if (first === undefined || others.length > 0) throw new Error(`${list.length} instead of one`);
  return first;
}

describe.each(testBackends)('doorbells on %s', (kind) => {
  let ground: Ground;
  let queues: Queues;
  let events: QueueEvent[];

  beforeAll(async () => {
    ground = await openGroundOn(kind);
  });
  afterAll(async () => {
    await ground.close();
  });
  beforeEach(async () => {
    ({ queues, events } = await ground.open());
    await until(async () => (await queues.healthy()).ok);
    await ground.empty();
  });
  afterEach(async () => {
    await ground.wire.mend();
    await queues.close();
  });

  test('say which backend they are on, and show one submit queue per account', async () => {
    expect(queues.backend).toBe(kind);
    expect(queues.all().map((queue) => queue.name)).toEqual([
      'plan',
      'submit.alpha',
      'submit.beta',
      'poll',
      'ingest',
    ]);
  });

  test('reach the consumer of their stage with their ids, and no other', async () => {
    const doorbells: Doorbell[] = [
      { stage: 'plan', jobId: jobId(), ring: 1 },
      submitDoorbell(1, 'alpha'),
      submitDoorbell(1, 'beta'),
      { stage: 'poll', account: 'alpha', ring: 1 },
      { stage: 'ingest', chunkId: chunkId(), ring: 1 },
    ];
    const heard: Record<string, Doorbell[]> = {};
    const listen = (stage: Doorbell['stage'], account: string | null) => {
      const { queue } = queues.consume(stage, account, 2, async (doorbell) => {
        (heard[queue] ??= []).push(doorbell);
        return {};
      });
    };
    listen('plan', null);
    listen('submit', 'alpha');
    listen('submit', 'beta');
    listen('poll', null);
    listen('ingest', null);

    expect(await queues.ring(doorbells)).toEqual({ rung: 5, failed: 0 });

    await until(() => Object.values(heard).flat().length === 5);
    expect(heard).toEqual({
      plan: [doorbells[0]],
      'submit.alpha': [doorbells[1]],
      'submit.beta': [doorbells[2]],
      poll: [doorbells[3]],
      ingest: [doorbells[4]],
    });
  });

  test('are readable in the dashboard and keep the counts of their handler, nothing else', async () => {
    const doorbell = submitDoorbell(7, 'beta');
    queues.consume('submit', 'beta', 1, async () => ({
      numbers: 20,
      leaked: 4915112345678,
      ...({ text: canary } as unknown as Record<string, number>),
    }));
    await queues.ring([doorbell]);
    const queue = queueNamed(queues, 'submit.beta');
    await until(async () => (await queue.getCompletedCount()) > 0);
    const job = only(await queue.getCompleted());
    expect(job.name).toMatch(/^submit chunk chk_[0-9a-f-]{36} to beta$/);
    expect(job.data).toEqual(doorbell);
    expect(job.returnvalue).toEqual({ numbers: 20 });
  });

  test('with the same ring number are delivered once, and again with a new one', async () => {
    const heard: number[] = [];
    queues.consume('submit', 'alpha', 1, async (doorbell) => {
      heard.push(doorbell.ring);
      return {};
    });
    const doorbell = submitDoorbell(1);
    expect(await queues.ring([doorbell, doorbell])).toEqual({ rung: 2, failed: 0 });
    await until(() => heard.length === 1);
    await until(async () => (await queueNamed(queues, 'submit.alpha').getActiveCount()) === 0);

    expect(await queues.ring([doorbell])).toEqual({ rung: 1, failed: 0 });
    await queues.ring([{ ...doorbell, ring: 2 }]);
    await until(() => heard.includes(2));
    expect(heard).toEqual([1, 2]);
  });

  test('that fail leave a code and a class behind, and tell the whole error to their owner only', async () => {
    class ProviderBroke extends Error {
      readonly code = 'provider_broke';
    }
    const thrown = new ProviderBroke(`no answer for ${canary} with key rc_live_abc_secret`);
    queues.consume('ingest', null, 1, async () => {
      throw thrown;
    });
    const doorbell: Doorbell = { stage: 'ingest', chunkId: chunkId(), ring: 1 };
    await queues.ring([doorbell]);

    const queue = queueNamed(queues, 'ingest');
    await until(async () => (await queue.getFailedCount()) === 1);
    const job = only(await queue.getFailed());
    expect(job.failedReason).toBe('provider_broke ProviderBroke');
    expect(job.stacktrace).toEqual(['DoorbellFailed: provider_broke ProviderBroke']);
    expect(events).toContainEqual({ kind: 'handler', queue: 'ingest', doorbell, error: thrown });
    const stored = await ground.stored();
    expect(stored).toContain('provider_broke');
    expect(stored).not.toContain(canary.slice(1));
    expect(stored).not.toContain('secret');
  });

  test('that failed can be sent again from the dashboard, and arrive as they were', async () => {
    const heard: Doorbell[] = [];
    queues.consume('submit', 'alpha', 1, async (doorbell) => {
      heard.push(doorbell);
      if (heard.length === 1) throw new Error('the first look fails');
      return {};
    });
    const doorbell = submitDoorbell(1);
    await queues.ring([doorbell]);
    const queue = queueNamed(queues, 'submit.alpha');
    await until(async () => (await queue.getFailedCount()) === 1);
    await only(await queue.getFailed()).retry();
    await until(async () => (await queue.getCompletedCount()) === 1);
    expect(heard).toEqual([doorbell, doorbell]);
  });

  test('are failed unread when a payload is no doorbell', async () => {
    let handled = 0;
    queues.consume('plan', null, 1, async () => {
      handled += 1;
      return {};
    });
    const queue = queueNamed(queues, 'plan');
    await queue.add('made by hand', { stage: 'plan', jobId: jobId(), ring: 1, numbers: 'x' });
    await until(async () => (await queue.getFailedCount()) === 1);
    expect(only(await queue.getFailed()).failedReason).toBe(
      'unreadable_doorbell UnreadableDoorbell',
    );
    expect(events).toContainEqual({ kind: 'unreadable', queue: 'plan' });
    expect(handled).toBe(0);
  });

  test('for an account that is not configured, or with more than ids, are not rung', async () => {
    const smuggler = Object.assign(submitDoorbell(1), { note: canary });
    expect(await queues.ring([submitDoorbell(1, 'gamma'), smuggler, submitDoorbell(1)])).toEqual({
      rung: 1,
      failed: 2,
    });
    expect(await ground.stored()).not.toContain(canary.slice(1));
  });

  test('keep the last 1,000 of a queue for the dashboard', async () => {
    let heard = 0;
    queues.consume('ingest', null, 20, async () => {
      heard += 1;
      return {};
    });
    const doorbells = Array.from({ length: 1_100 }, (): Doorbell => {
      return { stage: 'ingest', chunkId: chunkId(), ring: 1 };
    });
    // By the hundred: a ring of all of them ran out of its second on a busy machine.
    for (let from = 0; from < doorbells.length; from += 100) {
      expect(await queues.ring(doorbells.slice(from, from + 100))).toMatchObject({ failed: 0 });
    }
    await until(() => heard === 1_100, 60_000);
    await until(async () => (await queueNamed(queues, 'ingest').getActiveCount()) === 0);
    // On Postgres two messages that finish at the same time do not see each other when they clear away the oldest.
    const kept = await queueNamed(queues, 'ingest').getCompletedCount();
    expect(kept).toBeGreaterThanOrEqual(1_000);
    expect(kept).toBeLessThanOrEqual(1_020);
  });
});
