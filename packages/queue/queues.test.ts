import type { Job, Queue } from 'bullmq';
import { randomBytes } from 'node:crypto';
import { makeId } from '@rollcall/domain';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Doorbell } from './doorbell.ts';
import type { Queues } from './open-queues.ts';
import type { QueueEvent } from './queue-event.ts';
import { type Ground, openPostgresGround, openRedisGround } from './test-ground.ts';

/** A number that must be found nowhere. */
const canary = '+4915112345678';

const chunkId = () => makeId('chunk', Date.now(), randomBytes(10));
const jobId = () => makeId('job', Date.now(), randomBytes(10));
const submit = (ring = 0, account = 'alpha'): Doorbell => ({
  stage: 'submit',
  chunkId: chunkId(),
  account,
  ring,
});

const until = (condition: () => unknown, timeout = 10_000) =>
  vi.waitFor(
    async () => {
      expect(await condition()).toBeTruthy();
    },
    { timeout, interval: 20 },
  );

async function elapsed<T>(work: () => Promise<T>): Promise<{ value: T; took_ms: number }> {
  const start = performance.now();
  const value = await work();
  return { value, took_ms: performance.now() - start };
}

describe.each([
  { kind: 'postgres', openGround: openPostgresGround },
  { kind: 'redis', openGround: openRedisGround },
])('doorbells on $kind', ({ kind, openGround }) => {
  let ground: Ground;
  let queues: Queues;
  let events: QueueEvent[];

  beforeAll(async () => {
    ground = await openGround();
  });
  afterAll(async () => {
    await ground.close();
  });
  afterEach(async () => {
    await ground.wire.mend();
    await queues.close();
  });
  async function open(): Promise<void> {
    ({ queues, events } = await ground.open());
    await until(async () => (await queues.healthy()).ok);
    await ground.empty();
  }
  function queueNamed(name: string): Queue {
    const queue = queues.all().find((each) => each.name === name);
    if (queue === undefined) throw new Error(`no queue ${name}`);
    return queue;
  }
  async function only<T>(list: readonly T[]): Promise<T> {
    expect(list).toHaveLength(1);
    return list[0] as T;
  }

  test('say which backend they are on, and show one submit queue per account', async () => {
    await open();
    expect(queues.backend).toBe(kind);
    expect(queues.all().map((queue) => queue.name)).toEqual([
      'plan',
      'submit-alpha',
      'submit-beta',
      'poll',
      'ingest',
    ]);
  });

  test('reach the consumer of their stage with their ids, and no other', async () => {
    await open();
    const doorbells: Doorbell[] = [
      { stage: 'plan', jobId: jobId(), ring: 1 },
      submit(1, 'alpha'),
      submit(1, 'beta'),
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
      'submit-alpha': [doorbells[1]],
      'submit-beta': [doorbells[2]],
      poll: [doorbells[3]],
      ingest: [doorbells[4]],
    });
  });

  test('are readable in the dashboard and keep the counts of their handler, nothing else', async () => {
    await open();
    const doorbell = submit(7, 'beta');
    queues.consume('submit', 'beta', 1, async () => ({
      numbers: 20,
      leaked: 4915112345678,
      ...({ text: canary } as unknown as Record<string, number>),
    }));
    await queues.ring([doorbell]);
    const queue = queueNamed('submit-beta');
    await until(async () => (await queue.getCompletedCount()) > 0);
    const job: Job = await only(await queue.getCompleted());
    expect(job.name).toMatch(/^submit chunk chk_[0-9a-f-]{36} to beta$/);
    expect(job.data).toEqual(doorbell);
    expect(job.returnvalue).toEqual({ numbers: 20 });
  });

  test('with the same ring number are delivered once, and again with a new one', async () => {
    await open();
    const heard: number[] = [];
    queues.consume('submit', 'alpha', 1, async (doorbell) => {
      heard.push(doorbell.ring);
      return {};
    });
    const doorbell = submit(1);
    expect(await queues.ring([doorbell, doorbell])).toEqual({ rung: 2, failed: 0 });
    await until(() => heard.length === 1);
    await until(async () => (await queueNamed('submit-alpha').getActiveCount()) === 0);

    expect(await queues.ring([doorbell])).toEqual({ rung: 1, failed: 0 });
    await queues.ring([{ ...doorbell, ring: 2 }]);
    await until(() => heard.includes(2));
    expect(heard).toEqual([1, 2]);
  });

  test('whose reply was lost have one effect when they are rung again', async () => {
    await open();
    const heard: Doorbell[] = [];
    const first = submit(1);
    const last = submit(1);
    ground.wire.loseNextReply();
    const lost = await queues.ring([first]);
    // Redis answers a second time to the resent command; over Postgres the caller has to ring again.
    expect(lost.rung + lost.failed).toBe(1);
    await until(async () => (await queues.ring([first])).rung === 1);
    await queues.ring([last]);

    queues.consume('submit', 'alpha', 1, async (doorbell) => {
      heard.push(doorbell);
      return {};
    });
    await until(() => heard.length >= 2);
    expect(heard).toEqual([first, last]);
  });

  test('that fail leave a code and a class behind, and tell the whole error to their owner only', async () => {
    await open();
    class ProviderBroke extends Error {
      readonly code = 'provider_broke';
    }
    const thrown = new ProviderBroke(`no answer for ${canary} with key rc_live_abc_secret`);
    queues.consume('ingest', null, 1, async () => {
      throw thrown;
    });
    const doorbell: Doorbell = { stage: 'ingest', chunkId: chunkId(), ring: 1 };
    await queues.ring([doorbell]);

    const queue = queueNamed('ingest');
    await until(async () => (await queue.getFailedCount()) === 1);
    const job = await only(await queue.getFailed());
    expect(job.failedReason).toBe('provider_broke ProviderBroke');
    expect(job.stacktrace).toEqual(['DoorbellFailed: provider_broke ProviderBroke']);
    expect(events).toContainEqual({ kind: 'handler', queue: 'ingest', doorbell, error: thrown });
    const stored = await ground.stored();
    expect(stored).toContain('provider_broke');
    expect(stored).not.toContain(canary.slice(1));
    expect(stored).not.toContain('secret');
  });

  test('are failed unread when a payload is no doorbell', async () => {
    await open();
    let handled = 0;
    queues.consume('plan', null, 1, async () => {
      handled += 1;
      return {};
    });
    const queue = queueNamed('plan');
    await queue.add('made by hand', { stage: 'plan', jobId: jobId(), ring: 1, numbers: 'x' });
    await until(async () => (await queue.getFailedCount()) === 1);
    expect((await only(await queue.getFailed())).failedReason).toBe(
      'unreadable_doorbell UnreadableDoorbell',
    );
    expect(events).toContainEqual({ kind: 'unreadable', queue: 'plan' });
    expect(handled).toBe(0);
  });

  test('for an account that is not configured, or with more than ids, are not rung', async () => {
    await open();
    const smuggler = Object.assign(submit(1), { note: canary });
    expect(await queues.ring([submit(1, 'gamma'), smuggler, submit(1)])).toEqual({
      rung: 1,
      failed: 2,
    });
    expect(await ground.stored()).not.toContain(canary.slice(1));
  });

  test('are rung and heard again after the backend was emptied', async () => {
    await open();
    const heard: Doorbell[] = [];
    queues.consume('submit', 'alpha', 1, async (doorbell) => {
      heard.push(doorbell);
      return {};
    });
    const doorbell = submit(1);
    await queues.ring([doorbell]);
    await until(() => heard.length === 1);
    await until(async () => (await queueNamed('submit-alpha').getActiveCount()) === 0);

    await ground.empty();
    expect(await queues.ring([doorbell])).toEqual({ rung: 1, failed: 0 });
    await until(() => heard.length === 2);
  });

  test.each(['cut', 'freeze'] as const)(
    'cost their caller no more than 1.5 s when the line is %s, and consumers come back by themselves',
    async (fault) => {
      await open();
      const heard: Doorbell[] = [];
      queues.consume('submit', 'alpha', 1, async (doorbell) => {
        heard.push(doorbell);
        return {};
      });
      await queues.ring([submit(1)]);
      await until(() => heard.length === 1);

      await ground.wire[fault]();
      const { value, took_ms } = await elapsed(() => queues.ring([submit(1), submit(1)]));
      expect(value).toEqual({ rung: 0, failed: 2 });
      expect(took_ms).toBeLessThan(1_500);
      const health = await elapsed(() => queues.healthy());
      expect(health.value.ok).toBe(false);
      expect(health.took_ms).toBeLessThan(1_500);

      await ground.wire.mend();
      const after = submit(2);
      await until(async () => (await queues.ring([after])).rung === 1, 15_000);
      await until(() => heard.some((doorbell) => doorbell.ring === 2), 15_000);
    },
  );

  test.each(['cut', 'freeze'] as const)(
    'are given up in bounded time when the line is %s at the stop',
    async (fault) => {
      await open();
      const started = Promise.withResolvers<void>();
      const finish = Promise.withResolvers<void>();
      const consumer = queues.consume('submit', 'alpha', 1, async () => {
        started.resolve();
        await finish.promise;
        return { done: 1 };
      });
      await queues.ring([submit(1)]);
      await started.promise;
      await ground.wire[fault]();
      finish.resolve();

      const stop = await elapsed(() => consumer.close(5_000));
      expect(stop.value).toEqual({ finished: true });
      expect(stop.took_ms).toBeLessThan(4_000);
      const close = await elapsed(() => queues.close());
      expect(close.took_ms).toBeLessThan(4_000);
    },
  );

  test('let running handlers finish at a stop and start no new one', async () => {
    await open();
    const started: Doorbell[] = [];
    const finish = Promise.withResolvers<void>();
    let aborted = false;
    const consumer = queues.consume('submit', 'alpha', 1, async (doorbell, signal) => {
      started.push(doorbell);
      await finish.promise;
      aborted = signal.aborted;
      return {};
    });
    await queues.ring([submit(1), submit(1)]);
    await until(() => started.length === 1);
    expect(consumer.running()).toBe(1);

    const stop = consumer.close(10_000);
    finish.resolve();
    expect(await stop).toEqual({ finished: true });
    expect(aborted).toBe(false);
    expect(started).toHaveLength(1);
    expect(await queueNamed('submit-alpha').getWaitingCount()).toBe(1);
    expect(await queueNamed('submit-alpha').getCompletedCount()).toBe(1);
  });

  test('abort a handler that outlasts the stop, and leave it when it does not listen', async () => {
    await open();
    const signals: AbortSignal[] = [];
    const consumer = queues.consume('submit', 'beta', 1, async (_doorbell, signal) => {
      signals.push(signal);
      return await new Promise<never>(() => undefined);
    });
    await queues.ring([submit(1, 'beta')]);
    await until(() => signals.length === 1);
    const stop = await elapsed(() => consumer.close(200));
    expect(stop.value).toEqual({ finished: false });
    expect(stop.took_ms).toBeLessThan(3_000);
    expect(signals[0]?.aborted).toBe(true);
    expect(events).toContainEqual({ kind: 'abandoned', queue: 'submit-beta', running: 1 });
  });

  test('keep the last 1,000 of a queue for the dashboard', async () => {
    await open();
    let heard = 0;
    queues.consume('ingest', null, 20, async () => {
      heard += 1;
      return {};
    });
    const doorbells = Array.from({ length: 1_100 }, (): Doorbell => {
      return { stage: 'ingest', chunkId: chunkId(), ring: 1 };
    });
    const { value, took_ms } = await elapsed(() => queues.ring(doorbells));
    expect(value.failed).toBe(0);
    console.info(`${kind}: 1,100 doorbells rung in ${Math.round(took_ms)} ms`);
    await until(() => heard === 1_100, 20_000);
    await until(async () => (await queueNamed('ingest').getActiveCount()) === 0);
    // On Postgres two messages that finish at the same time do not see each other when they clear away the oldest.
    const kept = await queueNamed('ingest').getCompletedCount();
    expect(kept).toBeGreaterThanOrEqual(1_000);
    expect(kept).toBeLessThanOrEqual(1_020);
  });
});
