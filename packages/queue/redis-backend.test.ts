// oxlint-disable-next-line house/imports -- this test empties, fills and misconfigures its server, which the run's shared one must not suffer
import { type EmbeddedRedis, startRedis } from '@rollcall/embedded';
import { queuePrefix, testBackends, waitFor } from '@rollcall/testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Doorbell, openQueues, type QueueEvent } from './index.ts';
import { RedisCannotBeAsked, RedisEvicts } from './queue-errors.ts';
import { type Ground, openGround } from './test-ground.ts';

const poll = (ring: number): Doorbell => ({ stage: 'poll', account: 'alpha', ring });
const until = (condition: () => unknown) =>
  waitFor(condition, { timeoutMs: 60_000, describe: condition.toString() });

const openWithPrefix = (redisUrl: string, prefix: string) =>
  openQueues({
    redisUrl,
    databaseUrl: 'postgres://unused.invalid/none',
    prefix,
    accounts: ['alpha'],
    onError: () => undefined,
  });

// Needs a Redis for itself, which may be emptied and misconfigured.
describe.runIf(testBackends.includes('redis'))('a Redis', () => {
  let server: EmbeddedRedis;
  let client: Redis;
  let ground: Ground;
  beforeAll(async () => {
    const started = await startRedis();
    if ('unavailable' in started) throw new Error(started.unavailable);
    server = started;
    client = new Redis(server.url);
    ground = await openGround({ redisUrl: server.url, prefix: queuePrefix() });
  });
  afterAll(async () => {
    await ground.close();
    client.disconnect();
    await server.stop();
  });

  test.each(['allkeys-lru', 'volatile-ttl'])(
    'fault 16: that evicts by %s is refused at start, with a word on what to do',
    async (policy) => {
      await client.config('SET', 'maxmemory-policy', policy);
      try {
        const opening = ground.open();
        await expect(opening).rejects.toThrow(RedisEvicts);
        await expect(opening).rejects.toThrow(/maxmemory-policy .*noeviction/);
      } finally {
        await client.config('SET', 'maxmemory-policy', 'noeviction');
      }
    },
  );

  test('fault 16: that will not tell its policy is refused at start', async () => {
    await client.acl('SETUSER', 'mute', 'on', '>word', '~*', '+@all', '-info');
    const url = new URL(ground.wire.url);
    url.username = 'mute';
    url.password = 'word';
    const opening = openQueues({
      redisUrl: url.href,
      databaseUrl: 'postgres://unused.invalid/none',
      accounts: [],
      onError: () => undefined,
    });
    await expect(opening).rejects.toThrow(RedisCannotBeAsked);
  });

  test('fault 16: that comes back evicting is not rung in until it keeps what it gets', async () => {
    const { queues, events } = await ground.open();
    expect(await queues.healthy()).toEqual({ ok: true });
    await ground.wire.cut();
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await ground.wire.mend();
    await until(() => events.some((event) => event.kind === 'refused'));
    expect(await queues.ring([poll(1)])).toEqual({ rung: 0, failed: 1 });
    expect(await queues.healthy()).toMatchObject({
      ok: false,
      reason: expect.stringContaining('allkeys-lru'),
    });

    await ground.wire.cut();
    await client.config('SET', 'maxmemory-policy', 'noeviction');
    await ground.wire.mend();
    await until(async () => (await queues.ring([poll(1)])).rung === 1);
    await queues.close();
  });

  test('that is down at start keeps nobody from starting, and doorbells work once it is up', async () => {
    await ground.wire.cut();
    const { queues, events } = await ground.open();
    expect(queues.backend).toBe('redis');
    expect(await queues.ring([poll(2)])).toEqual({ rung: 0, failed: 1 });
    const heard: number[] = [];
    queues.consume('poll', null, 1, async (doorbell) => {
      heard.push(doorbell.ring);
      return {};
    });
    expect(events.map((event: QueueEvent) => event.kind)).toContain('backend');

    await ground.wire.mend();
    await until(async () => (await queues.ring([poll(3)])).rung === 1);
    await until(() => heard.includes(3));
    await queues.close();
  });

  test('that is down all the time still lets everything be closed', async () => {
    await ground.wire.cut();
    const { queues } = await ground.open();
    const consumer = queues.consume('poll', null, 1, async () => ({}));
    // Whoever waited for as long as handlers may take would outlast the test.
    expect(await consumer.close(3_600_000)).toEqual({ finished: true });
    await queues.close();
    await ground.wire.mend();
  });

  test('fault 15: that is full fails a ring, and health says so', async () => {
    const { queues, events } = await ground.open();
    await client.config('SET', 'maxmemory', '1');
    try {
      expect(await queues.ring([poll(4)])).toEqual({ rung: 0, failed: 1 });
      expect(events).toContainEqual(expect.objectContaining({ kind: 'ring', failed: 1 }));
      expect(await queues.healthy()).toEqual({
        ok: false,
        reason: 'Redis is full: it takes no more doorbells until its maxmemory is raised',
      });
    } finally {
      await client.config('SET', 'maxmemory', '0');
    }
    expect(await queues.ring([poll(5)])).toEqual({ rung: 1, failed: 0 });
    await queues.close();
  });

  test('fault 15: that was flushed while a consumer waited hears the next ring', async () => {
    await client.flushall();
    const { queues } = await ground.open();
    const heard: number[] = [];
    queues.consume('poll', null, 1, async (doorbell) => {
      heard.push(doorbell.ring);
      return {};
    });
    await queues.ring([poll(7)]);
    await until(() => heard.length === 1);
    await client.flushall();
    expect(await queues.ring([poll(7), poll(8)])).toEqual({ rung: 2, failed: 0 });
    await until(() => heard.length === 3);
    await queues.close();
  });

  test('shared by two installations keeps their doorbells apart by prefix', async () => {
    const one = await openWithPrefix(server.url, 'one');
    const two = await openWithPrefix(server.url, 'two');
    await one.ring([poll(6)]);
    const waiting = (queues: typeof one) =>
      queues
        .all()
        .find((queue) => queue.name === 'poll')
        ?.getWaitingCount();
    expect(await waiting(one)).toBe(1);
    expect(await waiting(two)).toBe(0);
    await Promise.all([one.close(), two.close()]);
  });
});
